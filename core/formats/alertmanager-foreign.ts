/**
 * The receiver kinds that Signalbox cannot send to yet. Their fields are checked by name, and the rules across fields that decide
 * whether Alertmanager takes the file; so what loads there loads here. Source: its configuration reference, version 0.33.
 */
import { fieldOf, notBoth, oneIsNeeded, type Decoded } from './alertmanager-decode.ts';
import type { AlertmanagerGlobal } from './alertmanager-global.ts';
import { httpSettings } from './alertmanager-http.ts';
import { boolean, optional, record, type Decode, type Field } from './yaml-decode.ts';
import { yamlError, type YamlNode } from './yaml.ts';

export const foreignKinds = [
  'opsgenie',
  'wechat',
  'victorops',
  'pushover',
  'sns',
  'telegram',
  'discord',
  'webex',
  'msteams',
  'msteamsv2',
  'jira',
  'incidentio',
  'rocketchat',
  'mattermost',
] as const;
export type ForeignKind = (typeof foreignKinds)[number];

interface Rules {
  readonly fields: string;
  readonly sendResolved?: false;
  /** Fields of which one at least must be given, in the receiver itself. */
  readonly needs?: readonly (readonly string[])[];
  /** Fields of which one must be given here, or the named ones in `global`. */
  readonly inherits?: readonly { readonly own: readonly string[]; readonly global: readonly string[] }[];
  /** Fields that exclude each other. */
  readonly exclude?: readonly (readonly [string, string])[];
}

const withFile = (name: string): readonly [string, string] => [name, `${name}_file`];
const inherit = (name: string, global: string): { own: readonly string[]; global: readonly string[] } => ({
  own: withFile(name),
  global: withFile(global),
});
const webhookRules = { needs: [withFile('webhook_url')], exclude: [withFile('webhook_url')] } as const;

const rules: Readonly<Record<ForeignKind, Rules>> = {
  opsgenie: {
    fields: 'actions api_key api_key_file api_url description details entity message note priority responders source tags update_alerts',
    inherits: [inherit('api_key', 'opsgenie_api_key')],
    exclude: [withFile('api_key')],
  },
  wechat: {
    fields: 'agent_id api_secret api_secret_file api_url corp_id message message_type to_party to_tag to_user',
    sendResolved: false,
    inherits: [inherit('api_secret', 'wechat_api_secret'), { own: ['corp_id'], global: ['wechat_api_corp_id'] }],
    exclude: [withFile('api_secret')],
  },
  victorops: {
    fields: 'api_key api_key_file api_url custom_fields entity_display_name message_type monitoring_tool routing_key state_message',
    needs: [['routing_key']],
    inherits: [inherit('api_key', 'victorops_api_key')],
    exclude: [withFile('api_key')],
  },
  pushover: {
    fields: 'device expire html message monospace priority retry sound title token token_file ttl url url_title user_key user_key_file',
    needs: [withFile('user_key'), withFile('token')],
    exclude: [withFile('user_key'), withFile('token'), ['html', 'monospace']],
  },
  sns: {
    fields: 'api_url attributes message phone_number sigv4 subject target_arn topic_arn use_aws_http_client',
    needs: [['topic_arn', 'phone_number', 'target_arn']],
    exclude: [
      ['topic_arn', 'phone_number'],
      ['topic_arn', 'target_arn'],
      ['phone_number', 'target_arn'],
    ],
  },
  telegram: {
    fields: 'api_url bot_token bot_token_file chat_id chat_id_file disable_notifications message message_thread_id parse_mode',
    needs: [withFile('chat_id')],
    inherits: [inherit('bot_token', 'telegram_bot_token')],
    exclude: [withFile('bot_token'), withFile('chat_id')],
  },
  discord: { fields: 'avatar_url content message title username webhook_url webhook_url_file', ...webhookRules },
  webex: { fields: 'api_url message room_id', needs: [['room_id']] },
  msteams: { fields: 'summary text title webhook_url webhook_url_file', ...webhookRules },
  msteamsv2: { fields: 'text title webhook_url webhook_url_file', ...webhookRules },
  jira: {
    fields:
      'api_type api_url description fields issue_type labels priority project reopen_duration reopen_transition resolve_transition summary wont_fix_resolution',
    needs: [['project'], ['issue_type']],
    inherits: [{ own: ['api_url'], global: ['jira_api_url'] }],
  },
  incidentio: {
    fields: 'alert_source_token alert_source_token_file max_alerts timeout url url_file',
    needs: [withFile('url')],
    exclude: [withFile('url'), withFile('alert_source_token')],
  },
  rocketchat: {
    fields:
      'actions api_url channel color emoji fields icon_url image_url link_names short_fields text thumb_url title title_link token token_file token_id token_id_file',
    sendResolved: false,
    inherits: [inherit('token', 'rocketchat_token'), inherit('token_id', 'rocketchat_token_id')],
    exclude: [withFile('token'), withFile('token_id')],
  },
  mattermost: {
    fields:
      'attachments author_icon author_link author_name channel color fallback fields footer footer_icon icon_emoji icon_url image_url pretext priority props text thumb_url title title_link type username webhook_url webhook_url_file',
    inherits: [inherit('webhook_url', 'mattermost_webhook_url')],
    exclude: [withFile('webhook_url')],
  },
};

export function foreign(kind: ForeignKind, global: AlertmanagerGlobal): Decode<Decoded<undefined>> {
  const { fields, sendResolved = true, needs = [], inherits = [], exclude = [] } = rules[kind];
  const untouched = (name: string): [string, Field<unknown>] => [name, optional<unknown>(name, (node) => node, undefined)];
  const decode = record(`${kind}_configs entry`, {
    ...Object.fromEntries(fields.split(' ').map(untouched)),
    http: optional<unknown>('http_config', httpSettings, undefined),
    sendResolved: optional('send_resolved', boolean, sendResolved),
  });
  return (node) => {
    const read = decode(node);
    for (const names of needs) oneIsNeeded(node, `a ${kind} receiver`, ...names);
    for (const [a, b] of exclude) notBoth(node, a, b);
    for (const one of inherits) {
      if (one.own.some((name) => fieldOf(node, name) !== undefined) || one.global.some((name) => global.given.has(name))) continue;
      throw yamlError(node, `a ${kind} receiver needs ${one.own.join(' or ')}, or ${one.global.join(' or ')} in global`);
    }
    if (kind === 'opsgenie') checkResponders(node);
    if (kind === 'webex') checkWebex(node);
    return { sendResolved: read.sendResolved, unsupported: [`the receiver kind ${kind}`], settings: undefined };
  };
}

const responderTypes = ['team', 'teams', 'user', 'escalation', 'schedule'];

function checkResponders(node: YamlNode): void {
  const list = fieldOf(node, 'responders');
  for (const responder of list?.kind === 'list' ? list.items : []) {
    oneIsNeeded(responder, 'a responder', 'id', 'username', 'name');
    const type = fieldOf(responder, 'type');
    const written = type?.kind === 'scalar' ? type.text : '';
    if (!written.includes('{{') && !responderTypes.includes(written.toLowerCase()))
      throw yamlError(type ?? responder, `a responder's type is one of ${responderTypes.join(', ')}`);
  }
}

function checkWebex(node: YamlNode): void {
  const client = fieldOf(node, 'http_config');
  if (client === undefined || fieldOf(client, 'authorization') === undefined)
    throw yamlError(client ?? node, 'a webex receiver needs http_config with authorization');
}
