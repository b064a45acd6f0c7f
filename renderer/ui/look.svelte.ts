import type { Zone } from './format.ts';
import { readStored, writeStored } from './stored.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';
const choices: readonly ThemeChoice[] = ['system', 'light', 'dark'];

/** How this person wants to see things: theme and time zone, kept in this browser. */
class Look {
  theme = $state<ThemeChoice>(choices.find((choice) => choice === readStored('theme')) ?? 'system');
  zone = $state<Zone>(readStored('zone') === 'utc' ? 'utc' : 'local');
  #systemDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => (this.#systemDark = event.matches));
    this.#show();
  }

  get dark(): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && this.#systemDark);
  }

  setTheme(choice: ThemeChoice): void {
    this.theme = choice;
    writeStored('theme', choice);
    this.#show();
  }

  toggleTheme(): void {
    this.setTheme(this.dark ? 'light' : 'dark');
  }

  setZone(zone: Zone): void {
    this.zone = zone;
    writeStored('zone', zone);
  }

  toggleZone(): void {
    this.setZone(this.zone === 'utc' ? 'local' : 'utc');
  }

  #show(): void {
    if (this.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }
}

export const look = new Look();
