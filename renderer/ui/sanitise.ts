import DOMPurify from 'dompurify';

/**
 * The second sieve for HTML made of markdown (the renderer process is the first): no styles, forms, frames, vector
 * graphics or data attributes. Links open outside only over https, http and mailto; images of elsewhere become links,
 * since fetching one would tell its owner who reads.
 */
const forbiddenTags = [
  'style',
  'form',
  'input',
  'button',
  'textarea',
  'select',
  'option',
  'iframe',
  'object',
  'embed',
  'svg',
  'math',
  'video',
  'audio',
];
const allowedLink = /^(?:https?:|mailto:|#)/i;

const purify = DOMPurify();
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node instanceof HTMLImageElement) replaceImage(node);
  if (!(node instanceof HTMLAnchorElement)) return;
  if (!allowedLink.test(node.getAttribute('href') ?? '')) node.removeAttribute('href');
  node.setAttribute('rel', 'noopener noreferrer');
  node.setAttribute('target', '_blank');
});

function replaceImage(image: HTMLImageElement): void {
  const source = image.getAttribute('src') ?? '';
  if (source.startsWith('data:image/')) return;
  const link = document.createElement('a');
  link.textContent = image.alt === '' ? 'image' : image.alt;
  if (/^https?:/i.test(source)) link.href = source;
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  image.replaceWith(link);
}

/** Trusted HTML where the browser has the notion (policy `dompurify`), else a string. */
export function sanitise(html: string) {
  return purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: forbiddenTags,
    FORBID_ATTR: ['style', 'class'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    SANITIZE_NAMED_PROPS: true,
    RETURN_TRUSTED_TYPE: true,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|data:image\/(?:png|jpeg|gif|webp);)/i,
  });
}
