/** The reader's process: foreign markdown to HTML. It may be killed at any time. */
import { messageOf } from '#core/model/index.ts';
import { renderMarkdown } from '#core/runbooks/index.ts';
import type { FromReader, ToReader } from './engine/messages.ts';
import { parentOf } from './engine/parent.ts';

const parent = parentOf<ToReader, FromReader>();
parent.onMessage(({ id, text }) => {
  try {
    parent.post({ k: 'html', id, html: renderMarkdown(text) });
  } catch (error) {
    parent.post({ k: 'no-html', id, why: messageOf(error) });
  }
});
parent.onGone(() => process.exit(0));
parent.post({ k: 'up' });
