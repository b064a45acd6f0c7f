/**
 * SLO files: Sloth's own form and its Kubernetes object, OpenSLO v1alpha and v1.
 * Sources: sloth.dev/specs, github.com/OpenSLO/OpenSLO.
 */
import { EngineError, type DurationMs } from '#core/model/index.ts';
import { openSloObject } from './slo-object.ts';
import { readOpenSlo } from './slo-openslo.ts';
import { readSloth } from './slo-sloth.ts';
import type { SloSpec } from './slo-spec.ts';
import { text } from './yaml-decode.ts';
import { isYamlNull, readYamlDocuments, yamlError, type YamlNode } from './yaml.ts';

export { writeOpenSlo } from './slo-write.ts';

export interface SloFileReading {
  readonly slos: readonly SloSpec[];
  /** "FILE:LINE: reason" each. */
  readonly problems: readonly EngineError[];
}

const periodDefaultMs: DurationMs = 30 * 86_400_000;

/** Reads every objective of a file. Never throws for what is in the text. `periodMs` is for objectives that name no window. */
export function readSloFile(source: string, file: string, periodMs: DurationMs = periodDefaultMs): SloFileReading {
  const slos: SloSpec[] = [];
  const problems: EngineError[] = [];
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      problems.push(error);
    }
  };
  attempt(() => {
    const documents = readYamlDocuments(source, file).filter((document) => !isYamlNull(document));
    const references = documents.flatMap(openSloObject);
    for (const document of documents) attempt(() => slos.push(...readDocument(document, references, periodMs)));
  });
  const seen = new Set<string>();
  for (const slo of slos) {
    const id = `${slo.service}-${slo.name}`;
    if (seen.has(id)) problems.push(new EngineError('invalid', `${file}:${slo.line}: the objective ${id} is there twice`));
    seen.add(id);
  }
  return { slos, problems };
}

function readDocument(document: YamlNode, references: ReturnType<typeof openSloObject>, periodMs: DurationMs): SloSpec[] {
  if (document.kind !== 'map') throw yamlError(document, 'an SLO file is a map; see sloth.dev or openslo.com for its fields');
  const apiVersion = document.entries.get('apiVersion')?.value;
  if (apiVersion === undefined) return readSloth(document, periodMs);
  const version = text(apiVersion);
  if (version === 'sloth.slok.dev/v1') return readSloth(document, periodMs);
  if (version === 'openslo/v1alpha' || version === 'openslo/v1') return readOpenSlo(document, version, references, periodMs);
  throw yamlError(
    apiVersion,
    `${JSON.stringify(version)} is no form of SLO that is known: prometheus/v1, sloth.slok.dev/v1, openslo/v1alpha, openslo/v1`,
  );
}
