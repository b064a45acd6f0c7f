/** Reads a runbook's markdown. The form is described in runbooks/README.md; content never makes this throw. */
import type { YamlNode } from '#core/formats/index.ts';
import type { Runbook, RunbookStep } from '#core/model/index.ts';
import { readCheck } from './check.ts';
import { isEmpty, Problems, readFields, textOf } from './fields.ts';
import { readDocument, section, type Document, type Fence, type Heading } from './markdown.ts';
import { paramName, type Param } from './params.ts';

/** What ids are made of, so that they fit into links. */
const idForm = /^[a-z0-9][a-z0-9_-]{0,99}$/i;
const stepForm = /^step\b[\s\d.]*[:.–—-]?\s*/i;
/** `- pass -> [Title](#anchor)`, with or without the bullet and emphasis, `→` as good as `->`. */
const branchForm = /^ {0,3}(?:[-*+]\s+)?(?:\*\*|__)?(pass|fail)(?:\*\*|__)?\s*(?:->|→)\s*(.*?)\s*$/i;
const linkForm = /^\[[^\]]*\]\(([^)]*)\)$/;
/** In the form of the prometheus-operator's runbooks these say what the alert is about; the rest is what to do. */
const aboutHeadings = new Set(['meaning', 'impact']);
/** A file over this is no runbook (reliability: markdown 256 KiB). */
const charsMax = 262_144;

interface Block {
  readonly heading: Heading;
  readonly id: string;
  readonly title: string;
  /** The first line that belongs to something else. */
  readonly endLine: number;
}

/** The runbook that `text` holds. Whatever is wrong is listed in `problems`, each with its line. */
export function readRunbook(id: string, text: string): Runbook {
  const none = { id, title: id, alerts: [], params: [], intro: '', steps: [] };
  if (text.length > charsMax) return { ...none, problems: [`the file has ${text.length} characters; a runbook has at most ${charsMax}`] };
  const document = readDocument(text);
  const problems = new Problems();
  const front = readFrontMatter(document, problems);
  const h1 = document.headings.find((heading) => heading.level === 1);
  const title = front.title || h1?.text || id;
  const blocks = readBlocks(document, title);
  const steps = blocks.map((block) => readStep(document, block, blocks, front.params, problems));
  const inSteps = (line: number): boolean => blocks.some((block) => line >= block.heading.line && line < block.endLine);
  const intro = section(document, document.bodyLine, document.lines.length + 1, (line) => line === h1?.line || inSteps(line));
  if (steps.length === 0) problems.add(document.bodyLine, 'the file has no steps; give each a "## Step" heading');
  for (const fence of document.fences) if (!fence.closed) problems.add(fence.fromLine, 'the code block is never closed');
  if (problems.found.length === 0) findUnreachable(steps, blocks, problems);
  return { id, title, alerts: front.alerts, params: front.params, intro, steps, problems: problems.found };
}

interface FrontMatter {
  readonly title: string;
  readonly alerts: readonly string[];
  readonly params: readonly Param[];
}

function readFrontMatter(document: Document, problems: Problems): FrontMatter {
  const fields = document.frontMatter === undefined ? undefined : readFields(document.frontMatter, 2, problems);
  return {
    title: (textOf(fields?.get('title')) ?? '').trim(),
    alerts: readAlerts(fields?.get('alerts'), problems),
    params: readParams(fields?.get('params'), problems),
  };
}

function readAlerts(node: YamlNode | undefined, problems: Problems): readonly string[] {
  if (node === undefined || isEmpty(node)) return [];
  const names = node.kind === 'list' ? node.items : [node];
  return names.flatMap((name) => {
    const text = textOf(name);
    if (text === undefined) problems.add(name.line, '"alerts" is a list of alert names');
    return text ?? [];
  });
}

/** `name: default` lines, or a list of names that have no default. */
function readParams(node: YamlNode | undefined, problems: Problems): readonly Param[] {
  if (node === undefined || isEmpty(node)) return [];
  const given: readonly (readonly [YamlNode, YamlNode | undefined])[] =
    node.kind === 'map'
      ? [...node.entries.values()].map((entry) => [entry.key, entry.value])
      : node.kind === 'list'
        ? node.items.map((item) => [item, undefined])
        : [[node, undefined]];
  return given.flatMap(([key, value]) => {
    const name = textOf(key) ?? '';
    const fallback = value === undefined || isEmpty(value) ? '' : textOf(value);
    if (paramName.test(name) && fallback !== undefined) return [{ name, default: fallback }];
    problems.add(key.line, `the param "${name}" must be letters, digits and _, its default one plain value`);
    return [];
  });
}

/**
 * The parts of the file that are steps: the "## Step ..." sections; in a file with none, every "##" section but those that
 * say what the alert is about; in a file with no "##" at all, the whole of it.
 */
function readBlocks(document: Document, title: string): readonly Block[] {
  const sections = document.headings.filter((heading) => heading.level === 2);
  const named = sections.filter((heading) => stepForm.test(heading.text));
  const chosen = named.length > 0 ? named : sections.filter((heading) => !aboutHeadings.has(heading.text.toLowerCase()));
  const end = document.lines.length + 1;
  if (sections.length === 0) {
    const line = document.headings[0]?.line ?? document.bodyLine - 1;
    const blank = section(document, line + 1, end, () => false) === '';
    return blank ? [] : [{ heading: { line, level: 2, text: title, anchor: 'step-1' }, id: 'step-1', title, endLine: end }];
  }
  return chosen.map((heading, i) => ({
    heading,
    id: idForm.test(heading.anchor) ? heading.anchor : `step-at-${i + 1}`,
    title: (named.length > 0 ? heading.text.replace(stepForm, '') : heading.text) || heading.text,
    endLine: document.headings.find((next) => next.line > heading.line && next.level <= 2)?.line ?? end,
  }));
}

function readStep(document: Document, block: Block, blocks: readonly Block[], params: readonly Param[], problems: Problems): RunbookStep {
  const fences = document.fences.filter((fence) => fence.fromLine > block.heading.line && fence.fromLine < block.endLine);
  const checks = fences.filter(isCheck);
  const check = checks[0] === undefined ? undefined : readCheck(checks[0].body, checks[0].fromLine + 1, params, problems);
  for (const extra of checks.slice(1)) problems.add(extra.fromLine, 'a step has one check; make this a step of its own');
  const dropped = new Set<number>();
  for (const { fromLine, toLine } of checks) for (let line = fromLine; line <= toLine; line++) dropped.add(line);
  const targets: { pass?: string; fail?: string } = {};
  for (let line = block.heading.line + 1; line < block.endLine; line++) {
    const found = branchForm.exec(document.lines[line - 1]!);
    if (found === null || fences.some((fence) => line >= fence.fromLine && line <= fence.toLine)) continue;
    const target = readTarget(found[2]!, blocks);
    if (target === undefined) {
      problems.add(line, `"${found[2]}" is no step of this runbook; link a step's heading, or write end`);
      continue;
    }
    targets[found[1]!.toLowerCase() === 'pass' ? 'pass' : 'fail'] ??= target;
    dropped.add(line);
  }
  const text = section(document, block.heading.line + 1, block.endLine, (line) => dropped.has(line));
  return { id: block.id, title: block.title, text, check, onPass: targets.pass, onFail: targets.fail };
}

const isCheck = (fence: Fence): boolean => /^(?:check|ya?ml\s+check)$/i.test(fence.info);

/** A step's id, or `end`; undefined when `text` names no step. */
function readTarget(text: string, blocks: readonly Block[]): string | undefined {
  const target = (linkForm.exec(text)?.[1] ?? text).trim();
  if (/^#?end$/i.test(target)) return 'end';
  const anchor = target.startsWith('#') ? target.slice(1).toLowerCase() : undefined;
  return blocks.find((block) => (anchor === undefined ? block.title.toLowerCase() === target.toLowerCase() : block.heading.anchor === anchor))?.id;
}

/** A step that no branch and no step before it leads to is a mistake in a link. */
function findUnreachable(steps: readonly RunbookStep[], blocks: readonly Block[], problems: Problems): void {
  const reached = new Set<string>();
  const open = steps.slice(0, 1).map((step) => step.id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const at = steps.findIndex((step) => step.id === id);
    const step = steps[at];
    if (step === undefined || reached.has(id)) continue;
    reached.add(id);
    const next = steps[at + 1]?.id ?? 'end';
    open.push(step.onPass ?? next, step.onFail ?? next);
  }
  steps.forEach((step, i) => {
    if (!reached.has(step.id)) problems.add(blocks[i]!.heading.line, `no step leads to "${step.title}"; link it from a pass or fail branch`);
  });
}
