import { EngineError, labelsFrom, type Labels } from '#core/model/index.ts';

const labelNameForm = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The grouping labels in a Pushgateway path, `/metrics/job/JOB{/NAME/VALUE}`; values of names that end in `@base64` are
 * base64url. Undefined for a path of another kind. Throws EngineError `invalid`. Source: Pushgateway's README, "URL".
 */
export function groupingLabels(path: string): Labels | undefined {
  if (!/^\/metrics\/job(?:@base64)?\//.test(path)) return undefined;
  const parts = path.slice('/metrics/'.length).split('/');
  if (parts.length % 2 === 1) throw new EngineError('invalid', 'the path must give every grouping label a value: /metrics/job/JOB/NAME/VALUE');
  const labels = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) {
    const encoded = parts[i]!.endsWith('@base64');
    const name = encoded ? parts[i]!.slice(0, -'@base64'.length) : parts[i]!;
    if (!labelNameForm.test(name) || name.startsWith('__')) throw new EngineError('invalid', `${JSON.stringify(name)} is not a grouping label`);
    if (labels.has(name)) throw new EngineError('invalid', `the grouping label ${name} stands twice in the path`);
    labels.set(name, encoded ? fromBase64(parts[i + 1]!) : decoded(parts[i + 1]!));
  }
  if (labels.get('job') === '') throw new EngineError('invalid', 'the job in the path must not be empty');
  return labelsFrom(labels);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new EngineError('invalid', `${JSON.stringify(part)} in the path is not percent-encoded UTF-8`);
  }
}

function fromBase64(part: string): string {
  const bytes = Buffer.from(part, 'base64url');
  if (!/^[A-Za-z0-9_-]*=*$/.test(part)) throw new EngineError('invalid', `${JSON.stringify(part)} in the path is not base64url`);
  return bytes.toString();
}
