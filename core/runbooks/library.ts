/** The runbooks on disk: every `*.md` of some folders, read again within a second of a change. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { labelValue, messageOf, type Clock, type Labels, type Runbook } from '#core/model/index.ts';
import { anchorOf } from './markdown.ts';
import { readRunbook } from './read.ts';

export interface RunbookMatch {
  readonly runbook: Runbook;
  /** Why it is offered, for people. */
  readonly why: string;
}

export interface Library {
  /** In order of title. */
  list(): readonly Runbook[];
  get(id: string): Runbook | undefined;
  /** What to open for an alert, the surest first: named by its runbook_url, then by the runbook's list of alerts, then by file name. */
  forAlert(labels: Labels, annotations: Labels): readonly RunbookMatch[];
  /** Texts of `templates/*.md`, by id; a later folder's file hides an earlier one. */
  templates(): ReadonlyMap<string, string>;
}

interface Known {
  readonly stamp: string;
  readonly runbook: Runbook;
}

/** The largest published collection seen has 119 files; beyond this a folder is not one of runbooks. */
const filesMax = 2_000;
const fileBytesMax = 1 << 20;

/** The folders are looked at again no sooner than this: a list of alerts asks for the runbooks of each. */
const lookEveryMs = 1_000;

/** A later folder's file hides an earlier one of the same id, so a shipped runbook can be replaced. Missing folders are empty. */
export function openLibrary(folders: readonly string[], clock: Clock): Library {
  let known = new Map<string, Known>();
  let latest: ReadonlyMap<string, Runbook> = new Map();
  let lookedMs = Number.NEGATIVE_INFINITY;
  const byId = (): ReadonlyMap<string, Runbook> => {
    if (clock.monotonicMs() - lookedMs < lookEveryMs) return latest;
    latest = look();
    lookedMs = clock.monotonicMs();
    return latest;
  };
  const look = (): ReadonlyMap<string, Runbook> => {
    const found = new Map<string, Runbook>();
    const next = new Map<string, Known>();
    for (const folder of folders) {
      const here = new Set<string>();
      for (const path of markdownFiles(folder, 'runbooks')) {
        const entry = readFile(path, known.get(path));
        next.set(path, entry);
        const { id } = entry.runbook;
        if (here.has(id)) {
          const first = found.get(id)!;
          found.set(id, {
            ...first,
            problems: [...first.problems, `${path.slice(folder.length + 1)} has the same name and is not read; rename one`],
          });
        } else found.set(id, entry.runbook);
        here.add(id);
      }
    }
    known = next;
    return found;
  };
  return {
    list: () => [...byId().values()].sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)),
    get: (id) => byId().get(id),
    forAlert: (labels, annotations) => match([...byId().values()], labels, annotations),
    templates: () => new Map(folders.flatMap((folder) => markdownFiles(folder, 'templates').map((path) => [idOf(path), readTemplateFile(path)]))),
  };
}

/** Paths in a stable order, without READMEs and what begins with a dot or an underscore. */
function markdownFiles(folder: string, which: 'runbooks' | 'templates'): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^._].*\.md$/i.test(entry.name) && entry.name.toLowerCase() !== 'readme.md')
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => path.slice(folder.length).split(/[\\/]/).includes('templates') === (which === 'templates'))
    .sort()
    .slice(0, filesMax);
}

function readFile(path: string, before: Known | undefined): Known {
  const id = idOf(path);
  const broken = (problem: string): Runbook => ({ id, title: id, alerts: [], params: [], intro: '', steps: [], problems: [problem] });
  try {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs} ${size}`;
    if (before?.stamp === stamp) return before;
    if (size > fileBytesMax) return { stamp, runbook: broken(`the file has ${size} bytes, which is too large for a runbook`) };
    return { stamp, runbook: readRunbook(id, readFileSync(path, 'utf8')) };
  } catch (error) {
    return { stamp: '', runbook: broken(`the file cannot be read: ${messageOf(error)}`) };
  }
}

/** A template that is too large or cannot be read says so where it would have stood. */
function readTemplateFile(path: string): string {
  try {
    const { size } = statSync(path);
    return size > fileBytesMax ? `The template ${fileName(path)} has ${size} bytes, which is too large.` : readFileSync(path, 'utf8');
  } catch (error) {
    return `The template ${fileName(path)} cannot be read: ${messageOf(error)}`;
  }
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1)!;
}

/** The file's name without `.md`, made fit for a link. */
function idOf(path: string): string {
  const name = fileName(path).replace(/\.md$/i, '');
  if (/^[a-z0-9][a-z0-9_-]{0,99}$/i.test(name)) return name;
  const plain = anchorOf(name.replaceAll('.', '-')).replace(/[^a-z0-9_-]/g, '');
  return plain.replace(/^[^a-z0-9]+/, '').slice(0, 100) || 'runbook';
}

function match(runbooks: readonly Runbook[], labels: Labels, annotations: Labels): readonly RunbookMatch[] {
  const alert = labelValue(labels, 'alertname');
  const url = labelValue(annotations, 'runbook_url') || labelValue(annotations, 'runbook');
  const named = namesInUrl(url);
  const rank = (runbook: Runbook): RunbookMatch[] => {
    const id = runbook.id.toLowerCase();
    if (named.includes(id)) return [{ runbook, why: 'the alert links to it' }];
    if (alert !== '' && runbook.alerts.includes(alert)) return [{ runbook, why: `it is for ${alert}` }];
    return alert !== '' && id === alert.toLowerCase() ? [{ runbook, why: `it is named after ${alert}` }] : [];
  };
  const order = ['the', 'it is for', 'it is named'];
  const sureness = (why: string): number => order.findLastIndex((start) => why.startsWith(start));
  return runbooks.flatMap(rank).sort((a, b) => sureness(a.why) - sureness(b.why) || (a.runbook.id < b.runbook.id ? -1 : 1));
}

/**
 * What a runbook_url may mean by its last part, in lower case, since sites write their paths so:
 * `https://runbooks.example/node/nodefilesystemfull/`, `runbook.md#alert-name-kubepodcrashlooping`, `latency-spike.md`.
 */
function namesInUrl(url: string): readonly string[] {
  const [path = '', fragment = ''] = url.toLowerCase().split('#');
  const last = path.replace(/\?.*$/, '').replace(/\/+$/, '').split('/').at(-1) ?? '';
  return [last.replace(/\.(md|html?)$/, ''), fragment, fragment.replace(/^alert-name-/, '')].filter((name) => name !== '');
}
