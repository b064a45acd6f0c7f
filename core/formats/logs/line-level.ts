import type { LogLevel } from '#core/model/index.ts';
import { JsonLines } from './json.ts';
import { LogfmtLines } from './logfmt.ts';
import { levelOfText, levelOfWord } from './level.ts';
import { Reading, type LineFormat } from './reading.ts';
import { access, klog, syslogNew } from './text-formats.ts';
import { TimeReader } from './time.ts';

const words = ['level', 'detected_level', 'severity', 'severity_text', 'lvl'];

/** The levels of lines that came without one: by what was sent beside them, else by what they say. */
export class LineLevels {
  readonly #json = new JsonLines();
  readonly #logfmt = new LogfmtLines();
  readonly #formats: readonly LineFormat[] = [klog, access, (line, into, time) => this.#logfmt.read(line, into, time), syslogNew];
  readonly #reading = new Reading();
  readonly #time = new TimeReader({ zone: () => 0, nowSeconds: 0 });

  /** `beside` are names and values laid flat. */
  of(line: string, beside: readonly string[]): LogLevel {
    for (let i = 0; i < beside.length; i += 2) {
      const level = words.includes(beside[i]!) ? levelOfWord(beside[i + 1]!) : undefined;
      if (level !== undefined) return level;
    }
    const reading = this.#reading;
    reading.begin(line);
    if (this.#json.read(line, reading, this.#time)) return reading.level;
    for (const read of this.#formats) if (read(line, reading, this.#time) && reading.level !== 'unknown') return reading.level;
    return levelOfText(line);
  }
}
