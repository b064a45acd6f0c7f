/** Hides the secrets of a configuration before it is shown, as Alertmanager does: the file stays readable, and loadable. */
import { readYaml, type YamlNode } from '#core/formats/index.ts';

const secretKeys = new Set(
  (
    'password credentials bearer_token client_secret client_certificate_key key secrets secret_key access_key smtp_auth_password smtp_auth_secret ' +
    'auth_password auth_secret slack_api_url slack_app_token app_token routing_key service_key api_key api_secret bot_token token token_id user_key ' +
    'webhook_url alert_source_token opsgenie_api_key victorops_api_key wechat_api_secret telegram_bot_token mattermost_webhook_url ' +
    'rocketchat_token rocketchat_token_id'
  ).split(' '),
);

/** Keys that hold a secret only in some receivers: there the URL itself lets one in. */
const secretIn: Readonly<Record<string, string>> = { url: 'webhook_configs', api_url: 'slack_configs' };

/** The text with each secret replaced by `<secret>`. */
export function hideSecrets(text: string, path: string): string {
  const spans: { from: number; to: number }[] = [];
  collect(readYaml(text, path), '', false, spans);
  let out = '';
  let at = 0;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (from < at) continue;
    // The lines of a block text keep their indentation, so that the file stays well formed.
    const indent = /^[ \t]*/.exec(text.slice(from, to))![0];
    const lineEnd = text.slice(from, to).endsWith('\n') ? '\n' : '';
    out += `${text.slice(at, from)}${indent}<secret>${lineEnd}`;
    at = to;
  }
  return out + text.slice(at);
}

function collect(node: YamlNode, section: string, secret: boolean, spans: { from: number; to: number }[]): void {
  if (node.kind === 'scalar') {
    if (secret && node.text !== '') spans.push(node);
  } else if (node.kind === 'list') for (const item of node.items) collect(item, section, secret, spans);
  else
    for (const [key, { value }] of node.entries)
      collect(value, key.endsWith('_configs') ? key : section, secret || secretKeys.has(key) || secretIn[key] === section, spans);
}
