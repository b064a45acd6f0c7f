import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { defaultAlertmanagerConfig, parseAlertmanagerConfig, parseSignalboxConfig } from '#core/formats/index.ts';
import type { AlertmanagerConfig, SignalboxConfig } from '#core/formats/index.ts';
import { EngineError, messageOf, type Cancel, type Clock } from '#core/model/index.ts';
import { builtinRules, builtinSettings, builtinSettingsWithNode } from './builtin.ts';

export interface NamedText {
  readonly path: string;
  readonly text: string;
  /** It comes with Signalbox: `path` is what it is called, and there is no file to save. */
  readonly isBuiltIn?: true;
}

/** All that is configured. Where a file is broken, its part is the last that was good. */
export interface Config {
  /** Empty: the built-in settings. */
  readonly file: string;
  readonly settings: SignalboxConfig;
  /** Rule files as they are now; whether they can be read is for `rules` to say. */
  readonly ruleFiles: readonly NamedText[];
  readonly alertmanager: AlertmanagerConfig;
  /** Objectives (OpenSLO or Sloth), every YAML file of their folder. */
  readonly sloFiles: readonly NamedText[];
  /** Files of notification templates that it names. */
  readonly templateFiles: readonly NamedText[];
  /** Absolute; may not exist. */
  readonly runbookFolder: string;
  /** A sentence each, with file and line. */
  readonly problems: readonly string[];
}

export interface ConfigOptions {
  readonly dataDir: string;
  /** Given on the command line; it must exist. Else `signalbox.yml` or `prometheus.yml` of the data dir, if there. */
  readonly file: string | undefined;
  readonly clock: Clock;
  /** Called after a change on disk was read. */
  readonly onChange: (config: Config) => void;
}

/** Often enough that a save feels noticed at once, and a handful of stat calls. Watching by the system misses files on network mounts. */
const lookEveryMs = 2000;

/** Reads the configuration and reads it again when a file of it changes. */
export class ConfigFiles {
  readonly #options: ConfigOptions;
  #current: Config;
  #seen: string;
  #waiting: Cancel | undefined;
  #withNode = false;

  /** Throws EngineError when the file named on the command line cannot be read: there is no last good one then. */
  constructor(options: ConfigOptions) {
    this.#options = options;
    this.#current = this.#read(undefined);
    this.#seen = this.#signature();
    this.#wait();
  }

  get current(): Config {
    return this.#current;
  }

  /** A node exporter answers on its usual port: the built-in settings scrape it from now on. */
  foundNodeExporter(): void {
    this.#withNode = true;
    if (this.#current.file === '') this.#reread();
  }

  stop(): void {
    this.#waiting?.();
  }

  #wait(): void {
    this.#waiting = this.#options.clock.after(lookEveryMs, () => {
      if (this.#signature() !== this.#seen) this.#reread();
      this.#wait();
    });
  }

  #reread(): void {
    this.#current = this.#read(this.#current);
    this.#seen = this.#signature();
    this.#options.onChange(this.#current);
  }

  #settingsFile(): string | undefined {
    if (this.#options.file !== undefined) return resolve(this.#options.file);
    return ['signalbox.yml', 'prometheus.yml'].map((name) => join(this.#options.dataDir, name)).find((path) => existsSync(path));
  }

  #read(before: Config | undefined): Config {
    const problems: string[] = [];
    const file = this.#settingsFile();
    const settings = this.#settings(file, before, problems);
    const folder = file === undefined ? this.#options.dataDir : dirname(file);
    problems.push(...settings.warnings);
    const alertmanager = this.#alertmanager(join(folder, settings.alertmanagerFile), before, problems);
    return {
      file: file ?? '',
      settings,
      alertmanager,
      templateFiles: readAll(folder, alertmanager.templates, 'templates', problems),
      ruleFiles:
        file === undefined
          ? [{ path: 'built-in rules', text: builtinRules, isBuiltIn: true }]
          : readAll(folder, settings.ruleFiles, 'rule_files', problems),
      sloFiles: readAll(folder, sloPatterns(folder, settings), 'slos', problems),
      runbookFolder: resolve(folder, settings.runbookFolder),
      problems,
    };
  }

  #settings(file: string | undefined, before: Config | undefined, problems: string[]): SignalboxConfig {
    if (file === undefined) return parseSignalboxConfig(this.#withNode ? builtinSettingsWithNode : builtinSettings, 'built-in settings');
    try {
      const folder = dirname(file);
      return parseSignalboxConfig(readFileSync(file, 'utf8'), basename(file), (patterns) =>
        readAll(folder, patterns, 'scrape_config_files', problems),
      );
    } catch (error) {
      if (before === undefined && this.#options.file !== undefined) throw refused(file, error);
      problems.push(`${messageOf(error)} (${before === undefined ? 'the built-in settings are' : 'its last good version is'} in force)`);
      return before?.settings ?? parseSignalboxConfig(builtinSettings, 'built-in settings');
    }
  }

  #alertmanager(path: string, before: Config | undefined, problems: string[]): AlertmanagerConfig {
    if (!existsSync(path)) return defaultAlertmanagerConfig();
    try {
      return parseAlertmanagerConfig(readFileSync(path, 'utf8'), basename(path));
    } catch (error) {
      problems.push(`${messageOf(error)} (${before === undefined ? 'everything goes to the desktop' : 'its last good version is in force'})`);
      return before?.alertmanager ?? defaultAlertmanagerConfig();
    }
  }

  /** Changes when any file of the configuration does, or comes, or goes. */
  #signature(): string {
    const { file, settings, alertmanager } = this.#current;
    const folder = file === '' ? this.#options.dataDir : dirname(file);
    const own = file === '' ? [] : [...settings.ruleFiles, ...settings.scrapeConfigFiles];
    const patterns = [...own, ...alertmanager.templates, ...sloPatterns(folder, settings)];
    const named = patterns.flatMap((pattern) => globSync(resolve(folder, pattern)));
    const paths = [this.#settingsFile() ?? '', join(folder, settings.alertmanagerFile), ...named];
    return paths.map((path) => `${path}:${stamp(path)}`).join('\n');
  }
}

/** None while there is no such folder: it is optional. */
function sloPatterns(folder: string, { sloFolder }: SignalboxConfig): string[] {
  const path = resolve(folder, sloFolder);
  return existsSync(path) && globSync(join(path, '*.{yml,yaml}')).length > 0 ? [join(path, '*.{yml,yaml}')] : [];
}

/** The files that the patterns match, in order of path. A pattern without a match, or a file that cannot be read, is a problem. */
function readAll(folder: string, patterns: readonly string[], field: string, problems: string[]): NamedText[] {
  return patterns.flatMap((pattern) => {
    const paths = globSync(resolve(folder, pattern)).sort();
    if (paths.length === 0) problems.push(`${field}: nothing matches ${pattern} in ${folder}`);
    return paths.flatMap((path) => {
      try {
        return [{ path, text: readFileSync(path, 'utf8') }];
      } catch (error) {
        problems.push(`${path}: cannot be read (${messageOf(error)})`);
        return [];
      }
    });
  });
}

function stamp(path: string): string {
  const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.mtimeMs}:${stat.size}`;
}

function refused(file: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError('invalid', `${file}: cannot be read (${messageOf(error)}); name a configuration that is there`);
}
