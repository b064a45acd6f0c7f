/**
 * Markdown to HTML for reading. Runs in the reader process only: hostile text can keep `marked` busy for seconds.
 * Raw HTML is shown as the text it is, links lead to the web, to mail or within the page, and an image is a link to it,
 * because looking at a runbook must not tell anybody that it was looked at. What comes out is still sanitised where it is shown.
 */
import { Marked, type Tokens } from 'marked';

const linkForm = /^(?:https?:\/\/|mailto:|#)/i;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (mark) => escapes[mark]!);

const link = (href: string, inner: string): string => (linkForm.test(href) ? `<a href="${escapeHtml(href)}" rel="noreferrer">${inner}</a>` : inner);

const markdown = new Marked({
  gfm: true,
  async: false,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    link({ href, tokens }: Tokens.Link) {
      return link(href, this.parser.parseInline(tokens));
    },
    image: ({ href, text }: Tokens.Image) => link(href, escapeHtml(text === '' ? href : text)),
  },
});

/** The HTML of a text of at most 256 KiB; the caller bounds the time. */
export function renderMarkdown(text: string): string {
  return markdown.parse(text, { async: false });
}
