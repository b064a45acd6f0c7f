/** Alert policies of OpenSLO v1 as burn-rate windows, and back. Source: github.com/OpenSLO/OpenSLO, "AlertPolicy" and "AlertCondition". */
import { formatDuration, parseDuration, type DurationMs } from '#core/model/index.ts';
import type { OpenSloObject } from './slo-object.ts';
import { burnWindows, type BurnWindow } from './slo-spec.ts';
import { isYamlNull, type YamlNode } from './yaml.ts';

/** Anything that is to wake somebody; the rest makes tickets. */
const pages = /page|critical|high|urgent|sev-?[12]/i;

/**
 * The windows that a list of policies asks for: those of its burn-rate conditions, of which `lookbackWindow` is the long window and
 * `alertAfter` the short one; the usual ones when a policy is named that says nothing of burn rates. None for no policies.
 */
export function policyWindows(policies: YamlNode | undefined, references: readonly OpenSloObject[], periodMs: DurationMs): readonly BurnWindow[] {
  if (policies?.kind !== 'list') return [];
  const named = policies.items.filter((item) => !isYamlNull(item));
  if (named.length === 0) return [];
  const windows = named.flatMap((policy) => conditionsOf(policy, references).flatMap((condition) => windowOf(condition, periodMs)));
  return windows.length === 0 ? burnWindows : windows;
}

function conditionsOf(policy: YamlNode, references: readonly OpenSloObject[]): YamlNode[] {
  const spec = at(referred(policy, 'alertPolicyRef', 'AlertPolicy', references), 'spec');
  const conditions = at(spec, 'conditions');
  return conditions?.kind === 'list'
    ? conditions.items.flatMap((item) => at(referred(item, 'conditionRef', 'AlertCondition', references), 'spec') ?? [])
    : [];
}

/** What a reference by name, or a bare name, stands for in the same file; else the node itself. */
function referred(node: YamlNode, field: string, kind: string, references: readonly OpenSloObject[]): YamlNode {
  const name = node.kind === 'scalar' ? node.text : textOf(at(node, field));
  return references.find((object) => object.kind === kind && object.name === name)?.node ?? node;
}

function windowOf(spec: YamlNode, periodMs: DurationMs): BurnWindow[] {
  const condition = at(spec, 'condition');
  const factor = Number(textOf(at(condition, 'threshold')));
  const longMs = parseDuration(textOf(at(condition, 'lookbackWindow')) ?? '');
  if (textOf(at(condition, 'kind')) !== 'burnrate' || !(factor > 0) || longMs === undefined) return [];
  const shortMs = parseDuration(textOf(at(condition, 'alertAfter')) ?? '') ?? longMs / 12;
  const severity = pages.test(textOf(at(spec, 'severity')) ?? '') ? ('page' as const) : ('ticket' as const);
  return [{ severity, longMs, shortMs, share: (factor * longMs) / periodMs }];
}

const at = (node: YamlNode | undefined, field: string): YamlNode | undefined => (node?.kind === 'map' ? node.entries.get(field)?.value : undefined);
const textOf = (node: YamlNode | undefined): string | undefined => (node?.kind === 'scalar' ? node.text : undefined);

/** The policies that say these windows, as an OpenSLO object holds them. */
export function writePolicies(name: string, windows: readonly BurnWindow[], periodMs: DurationMs): object[] {
  return (['page', 'ticket'] as const).flatMap((severity) => {
    const own = windows.filter((window) => window.severity === severity);
    if (own.length === 0) return [];
    const conditions = own.map(({ longMs, shortMs, share }) => ({
      kind: 'AlertCondition',
      metadata: { name: `${name}-${severity}-${formatDuration(longMs)}` },
      spec: {
        severity,
        condition: {
          kind: 'burnrate',
          op: 'gt',
          threshold: Number(((share * periodMs) / longMs).toPrecision(12)),
          lookbackWindow: formatDuration(longMs),
          alertAfter: formatDuration(shortMs),
        },
      },
    }));
    return [{ kind: 'AlertPolicy', metadata: { name: `${name}-${severity}` }, spec: { alertWhenBreaching: true, conditions } }];
  });
}
