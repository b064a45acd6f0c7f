import type { ChangeKind } from '#core/model/index.ts';

/** Characters of a pattern that are searched for: its longest part without a star. */
function wordsOf(pattern: string): string {
  const parts = pattern.split('*').map((part) => part.trim());
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

/** `key=value` as the search of spans reads it, of one service. */
function attributeQuery(subject: string, service: string): string {
  const cut = subject.indexOf('=');
  return `service=${JSON.stringify(service)} ${subject.slice(0, cut)}=${JSON.stringify(subject.slice(cut + 1))}`;
}

/** Where the evidence of a change or suspect is seen: a path and its parameters. */
export function evidenceLink(
  kind: ChangeKind | 'calls',
  subject: string,
  service: string,
  dataset: string | undefined,
): [path: readonly string[], params: Readonly<Record<string, string | undefined>>] {
  switch (kind) {
    case 'deploy':
      // A new version is told by a series, or by an attribute of spans.
      if (!/^[\w.]+=/.test(subject)) return [['explore'], { dataset, 'g0.expr': subject }];
      return [['explore', 'traces'], { dataset, q: attributeQuery(subject, service) }];
    case 'metric':
      return [['explore'], { dataset, 'g0.expr': subject }];
    case 'log':
      return [['explore', 'logs'], { dataset, q: JSON.stringify(wordsOf(subject)) }];
    case 'attribute':
      return [['explore', 'traces'], { dataset, q: attributeQuery(subject, service) }];
    case 'latency':
    case 'errors':
      return [['explore', 'traces'], { dataset, q: `service=${JSON.stringify(service)} name=${JSON.stringify(subject)}` }];
    case 'edge':
    case 'calls':
      return [['explore', 'traces'], { dataset, q: `service=${JSON.stringify(service)}` }];
  }
}
