/** The `global` section of alertmanager.yml: what receivers inherit. Source: Alertmanager's configuration reference, version 0.33. */
import type { DurationMs } from '#core/model/index.ts';
import { fieldOf, hostPort, notBoth, url } from './alertmanager-decode.ts';
import { httpSettings, plainHttp, tlsSettings, type HttpSettings, type TlsSettings } from './alertmanager-http.ts';
import { boolean, duration, optional, record, text, type Decode, type Field } from './yaml-decode.ts';
import { yamlError } from './yaml.ts';

export interface AlertmanagerGlobal {
  /** When an alert from outside that names no end is taken as resolved. */
  readonly resolveTimeoutMs: DurationMs;
  readonly http: HttpSettings;
  readonly slackApiUrl: string;
  readonly slackApiUrlFile: string;
  readonly slackAppToken: string;
  readonly slackAppTokenFile: string;
  readonly slackAppUrl: string;
  readonly pagerdutyUrl: string;
  readonly smtp: SmtpDefaults;
  /** Every field that is given and not empty, for the kinds that are only checked. */
  readonly given: ReadonlySet<string>;
}

/** How a mail server is spoken to. */
export interface SmtpDefaults {
  readonly from: string;
  readonly hello: string;
  /** HOST:PORT. */
  readonly smarthost: string;
  readonly username: string;
  readonly password: string;
  readonly passwordFile: string;
  readonly secret: string;
  readonly secretFile: string;
  readonly identity: string;
  readonly requireTls: boolean;
  readonly implicitTls: boolean | undefined;
  readonly tls: TlsSettings | undefined;
}

const noText = (name: string): Field<string> => optional(name, text, '');
const noUrl = (name: string, otherwise = ''): Field<string> => optional(name, url, otherwise);

const fields = record('global', {
  resolveTimeoutMs: optional('resolve_timeout', duration, 300_000),
  http: optional('http_config', httpSettings, plainHttp),
  slackApiUrl: noUrl('slack_api_url'),
  slackApiUrlFile: noText('slack_api_url_file'),
  slackAppToken: noText('slack_app_token'),
  slackAppTokenFile: noText('slack_app_token_file'),
  slackAppUrl: noUrl('slack_app_url', 'https://slack.com/api/chat.postMessage'),
  pagerdutyUrl: noUrl('pagerduty_url', 'https://events.pagerduty.com/v2/enqueue'),
  from: noText('smtp_from'),
  hello: optional('smtp_hello', text, 'localhost'),
  smarthost: optional('smtp_smarthost', hostPort, ''),
  username: noText('smtp_auth_username'),
  password: noText('smtp_auth_password'),
  passwordFile: noText('smtp_auth_password_file'),
  secret: noText('smtp_auth_secret'),
  secretFile: noText('smtp_auth_secret_file'),
  identity: noText('smtp_auth_identity'),
  requireTls: optional('smtp_require_tls', boolean, true),
  implicitTls: optional<boolean | undefined>('smtp_force_implicit_tls', boolean, undefined),
  tls: optional<TlsSettings | undefined>('smtp_tls_config', tlsSettings, undefined),
  jira: noUrl('jira_api_url'),
  mattermost: noUrl('mattermost_webhook_url'),
  mattermostFile: noText('mattermost_webhook_url_file'),
  opsgenieKey: noText('opsgenie_api_key'),
  opsgenieKeyFile: noText('opsgenie_api_key_file'),
  opsgenie: noUrl('opsgenie_api_url'),
  rocketchat: noUrl('rocketchat_api_url'),
  rocketchatToken: noText('rocketchat_token'),
  rocketchatTokenFile: noText('rocketchat_token_file'),
  rocketchatTokenId: noText('rocketchat_token_id'),
  rocketchatTokenIdFile: noText('rocketchat_token_id_file'),
  telegram: noUrl('telegram_api_url'),
  telegramToken: noText('telegram_bot_token'),
  telegramTokenFile: noText('telegram_bot_token_file'),
  victoropsKey: noText('victorops_api_key'),
  victoropsKeyFile: noText('victorops_api_key_file'),
  victorops: noUrl('victorops_api_url'),
  webex: noUrl('webex_api_url'),
  wechatCorpId: noText('wechat_api_corp_id'),
  wechatSecret: noText('wechat_api_secret'),
  wechatSecretFile: noText('wechat_api_secret_file'),
  wechat: noUrl('wechat_api_url'),
});

/** Fields that may be given themselves or as a file, `..._file`, but not both. */
const exclusive = [
  'slack_api_url',
  'slack_app_token',
  'mattermost_webhook_url',
  'opsgenie_api_key',
  'rocketchat_token',
  'rocketchat_token_id',
  'smtp_auth_password',
  'smtp_auth_secret',
  'telegram_bot_token',
  'victorops_api_key',
  'wechat_api_secret',
];

export const global: Decode<AlertmanagerGlobal> = (node) => {
  const read = fields(node);
  for (const name of exclusive) notBoth(node, name, `${name}_file`);
  const token = fieldOf(node, 'slack_app_token') ?? fieldOf(node, 'slack_app_token_file');
  const webhook = read.slackApiUrl !== '' && read.slackApiUrl !== read.slackAppUrl;
  if (token !== undefined && (webhook || read.slackApiUrlFile !== ''))
    throw yamlError(token, 'only one of slack_app_token and slack_api_url may be set, unless slack_api_url is the address for bot tokens');
  const { resolveTimeoutMs, http, slackApiUrl, slackApiUrlFile, slackAppToken, slackAppTokenFile, slackAppUrl, pagerdutyUrl } = read;
  const given = new Set(node.kind === 'map' ? [...node.entries.keys()].filter((name) => fieldOf(node, name) !== undefined) : []);
  return { resolveTimeoutMs, http, slackApiUrl, slackApiUrlFile, slackAppToken, slackAppTokenFile, slackAppUrl, pagerdutyUrl, smtp: read, given };
};
