import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAttributeMap, writeAttributeMap } from '#core/formats/index.ts';
import { checkAttributeMap, defaultAttributeMap, messageOf, type AttributeMap } from '#core/model/index.ts';
import { saveFile } from './save.ts';

const fileName = 'attributes.yml';

/** The attribute map of a data dir: `attributes.yml`, read again when it changes. A broken file keeps the last good one in force. */
export class AttributeFile {
  readonly #path: string;
  #map = defaultAttributeMap;
  #seen = '';
  #problem = '';

  constructor(dataDir: string) {
    this.#path = join(dataDir, fileName);
  }

  get map(): AttributeMap {
    this.#look();
    return this.#map;
  }

  /** The map with its defaults, and what is wrong with the file: a sentence, or empty. */
  get view(): { readonly map: AttributeMap; readonly defaults: AttributeMap; readonly file: string; readonly problem: string } {
    return { map: this.map, defaults: defaultAttributeMap, file: this.#path, problem: this.#problem };
  }

  /** Throws EngineError `invalid` for a map of no use, `unavailable` when the file cannot be written. */
  save(map: AttributeMap): void {
    checkAttributeMap(map);
    saveFile(this.#path, writeAttributeMap(map));
    this.#seen = '';
  }

  #look(): void {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    const stamp = found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (stamp === this.#seen) return;
    this.#seen = stamp;
    this.#problem = '';
    if (found === undefined) {
      this.#map = defaultAttributeMap;
      return;
    }
    try {
      this.#map = parseAttributeMap(readFileSync(this.#path, 'utf8'), fileName);
    } catch (error) {
      this.#problem = `${messageOf(error)} (the last good map is in force)`;
    }
  }
}
