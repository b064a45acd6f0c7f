import { mount } from 'svelte';
import './ui/base.css';
import App from './App.svelte';

// Under `require-trusted-types-for 'script'`: what a library wrote without care may empty an element, and nothing else.
interface TrustedTypes {
  createPolicy(name: 'default', rules: { createHTML(html: string): string }): unknown;
}
(window as { readonly trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createHTML(html) {
    if (html === '') return html;
    throw new TypeError('HTML enters the page only through MarkdownBox');
  },
});

mount(App, { target: document.querySelector('#app')! });
