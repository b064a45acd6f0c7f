/** Notification templates: the default ones, the files of `templates:`, and the texts of a receiver's fields. */
import { EngineError, messageOf, type UnixMs } from '#core/model/index.ts';
import { parseTemplate, renderTemplate, type GoObject, type Template } from '#core/formats/index.ts';
import { defaultTemplates } from './default-templates.ts';
import { notificationFunctions } from './functions.ts';

export interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

/** Texts of receivers that are kept parsed; a configuration has a few dozen. */
const cachedMax = 500;

export class Templates {
  readonly #definitions: Template['definitions'];
  readonly #parsed = new Map<string, Template>();

  /** Later files win where two define the same name. Throws EngineError `invalid` as "FILE:LINE: what". */
  constructor(files: readonly TemplateFile[] = []) {
    const functions = notificationFunctions(0);
    let { definitions } = parseTemplate(defaultTemplates, { name: 'default', functions });
    for (const { path, text } of files) {
      try {
        ({ definitions } = parseTemplate(text, { name: path, functions, definitions }));
      } catch (error) {
        throw new EngineError('invalid', `${path}:${lineOf(text, error)}: ${messageOf(error)}`);
      }
    }
    this.#definitions = definitions;
  }

  /** Checks one text of a configuration. Throws EngineError `invalid`. */
  check(text: string): void {
    this.#parse(text);
  }

  /** Throws EngineError `invalid` or `limit` when the template fails. */
  render(text: string, data: GoObject, nowMs: UnixMs): string {
    if (!text.includes('{{')) return text;
    const out = renderTemplate(this.#parse(text), { data, functions: notificationFunctions(nowMs) });
    if (typeof out !== 'string') throw new EngineError('invalid', 'a notification template cannot wait for anything');
    return out;
  }

  #parse(text: string): Template {
    let template = this.#parsed.get(text);
    if (template === undefined) {
      template = parseTemplate(text, { name: 'receiver', functions: notificationFunctions(0), definitions: this.#definitions });
      if (this.#parsed.size >= cachedMax) this.#parsed.clear();
      this.#parsed.set(text, template);
    }
    return template;
  }
}

function lineOf(text: string, error: unknown): number {
  const from = error instanceof EngineError ? (error.place?.from ?? 0) : 0;
  return text.slice(0, from).split('\n').length;
}
