/** Decoders of the receiver kinds that Signalbox can send to, with Alertmanager's defaults and what each inherits from `global`. */
import { boundedList, checked, fieldOf, hostPort, notBoth, oneIsNeeded, templatedUrl, url, type Decoded } from './alertmanager-decode.ts';
import type { AlertmanagerGlobal } from './alertmanager-global.ts';
import { httpSettings, tlsSettings, type HttpSettings, type TlsSettings } from './alertmanager-http.ts';
import type {
  DesktopSettings,
  EmailSettings,
  LogSettings,
  PagerdutySettings,
  SlackAction,
  SlackSettings,
  WebhookSettings,
} from './alertmanager-receivers.ts';
import { boolean, count, duration, oneOf, optional, pairsOf, record, required, text, type Decode, type Field } from './yaml-decode.ts';
import { yamlError } from './yaml.ts';

const noText = (name: string): Field<string> => optional(name, text, '');
const templated = (name: string, template: string): Field<string> => optional(name, text, `{{ template "${template}" . }}`);
const resolvedBy = (otherwise: boolean): Field<boolean> => optional('send_resolved', boolean, otherwise);
const http = optional<HttpSettings | undefined>('http_config', httpSettings, undefined);
/** A field that is read only to know that it is there. */
const anything = (name: string): Field<unknown> => optional<unknown>(name, (node) => node, undefined);

const desktopFields = record('desktop_configs entry', {
  sendResolved: resolvedBy(true),
  title: templated('title', 'desktop.default.title'),
  text: templated('text', 'desktop.default.text'),
  sound: optional('sound', boolean, true),
});

export const desktop: Decode<Decoded<DesktopSettings>> = (node) => {
  const { sendResolved, ...settings } = desktopFields(node);
  return { sendResolved, unsupported: [], settings };
};

const logFields = record('log_configs entry', { sendResolved: resolvedBy(true), text: templated('text', 'log.default.text') });

export const log: Decode<Decoded<LogSettings>> = (node) => {
  const { sendResolved, ...settings } = logFields(node);
  return { sendResolved, unsupported: [], settings };
};

const webhookFields = record('webhook_configs entry', {
  sendResolved: resolvedBy(true),
  url: optional('url', templatedUrl, ''),
  urlFile: noText('url_file'),
  maxAlerts: optional('max_alerts', count, 0),
  timeoutMs: optional('timeout', duration, 0),
  payload: anything('payload'),
  http,
});

export function webhook(global: AlertmanagerGlobal): Decode<Decoded<WebhookSettings>> {
  return (node) => {
    const { sendResolved, payload, ...settings } = webhookFields(node);
    oneIsNeeded(node, 'a webhook', 'url', 'url_file');
    notBoth(node, 'url', 'url_file');
    const client = settings.http ?? global.http;
    const unsupported = [...client.unsupported, ...(payload === undefined ? [] : ['payload'])];
    return { sendResolved, unsupported, settings: { ...settings, http: client } };
  };
}

const slackField = record('Slack field', {
  title: required('title', text),
  value: required('value', text),
  short: optional<boolean | undefined>('short', boolean, undefined),
});

const slackConfirm = record('Slack confirmation', {
  text: required('text', text),
  title: noText('title'),
  okText: noText('ok_text'),
  dismissText: noText('dismiss_text'),
});

const slackAction: Decode<SlackAction> = checked(
  record('Slack action', {
    type: required('type', text),
    text: required('text', text),
    url: noText('url'),
    style: noText('style'),
    name: noText('name'),
    value: noText('value'),
    confirm: optional<SlackAction['confirm']>('confirm', slackConfirm, undefined),
  }),
  (action) => (action.url === '' && action.name === '' ? 'a Slack action needs name or url' : undefined),
);

const slackFields = record('slack_configs entry', {
  sendResolved: resolvedBy(false),
  http,
  apiUrl: optional('api_url', url, ''),
  apiUrlFile: noText('api_url_file'),
  appUrl: optional('app_url', url, ''),
  appToken: noText('app_token'),
  appTokenFile: noText('app_token_file'),
  channel: noText('channel'),
  username: templated('username', 'slack.default.username'),
  color: templated('color', 'slack.default.color'),
  title: templated('title', 'slack.default.title'),
  titleLink: templated('title_link', 'slack.default.titlelink'),
  pretext: templated('pretext', 'slack.default.pretext'),
  text: templated('text', 'slack.default.text'),
  fields: optional('fields', boundedList(slackField), []),
  shortFields: optional('short_fields', boolean, false),
  footer: templated('footer', 'slack.default.footer'),
  fallback: templated('fallback', 'slack.default.fallback'),
  callbackId: templated('callback_id', 'slack.default.callbackid'),
  iconEmoji: templated('icon_emoji', 'slack.default.iconemoji'),
  iconUrl: templated('icon_url', 'slack.default.iconurl'),
  imageUrl: noText('image_url'),
  thumbUrl: noText('thumb_url'),
  linkNames: optional('link_names', boolean, false),
  mrkdwnIn: optional('mrkdwn_in', boundedList(text), []),
  actions: optional('actions', boundedList(slackAction), []),
  messageText: noText('message_text'),
  timeoutMs: optional('timeout', duration, 0),
  updateMessage: optional('update_message', boolean, false),
});

const chatPostMessage = 'https://slack.com/api/chat.postMessage';

export function slack(global: AlertmanagerGlobal): Decode<Decoded<SlackSettings>> {
  return (node) => {
    const { sendResolved, updateMessage, appUrl, ...own } = slackFields(node);
    notBoth(node, 'api_url', 'api_url_file');
    notBoth(node, 'app_token', 'app_token_file');
    const hasUrl = own.apiUrl !== '' || own.apiUrlFile !== '';
    const hasToken = own.appToken !== '' || own.appTokenFile !== '';
    const inherits = !hasUrl && !hasToken;
    const token = inherits ? { appToken: global.slackAppToken, appTokenFile: global.slackAppTokenFile } : own;
    const bot = token.appToken !== '' || token.appTokenFile !== '' || (own.http?.authorization !== undefined && !hasUrl);
    const apiUrl = bot ? appUrl || own.apiUrl || global.slackAppUrl : own.apiUrl || (hasUrl ? '' : global.slackApiUrl);
    const apiUrlFile = bot || apiUrl !== '' ? '' : own.apiUrlFile || global.slackApiUrlFile;
    if (apiUrl === '' && apiUrlFile === '')
      throw yamlError(node, 'a Slack receiver needs api_url, api_url_file or app_token, here or as slack_api_url or slack_app_token in global');
    if (updateMessage && apiUrl !== chatPostMessage)
      throw yamlError(fieldOf(node, 'update_message') ?? node, `update_message needs a bot token: api_url must be ${chatPostMessage}`);
    const client = own.http ?? global.http;
    const unsupported = [...client.unsupported, ...(updateMessage ? ['update_message'] : [])];
    return { sendResolved, unsupported, settings: { ...own, ...token, apiUrl, apiUrlFile, http: client } };
  };
}

const imageFields = record('PagerDuty image', { src: noText('src'), alt: noText('alt'), href: noText('href') });
const linkFields = record('PagerDuty link', { href: noText('href'), text: noText('text') });

const pagerdutyFields = record('pagerduty_configs entry', {
  sendResolved: resolvedBy(true),
  http,
  routingKey: noText('routing_key'),
  routingKeyFile: noText('routing_key_file'),
  serviceKey: noText('service_key'),
  serviceKeyFile: noText('service_key_file'),
  url: optional('url', url, ''),
  client: templated('client', 'pagerduty.default.client'),
  clientUrl: templated('client_url', 'pagerduty.default.clientURL'),
  description: templated('description', 'pagerduty.default.description'),
  severity: noText('severity'),
  source: noText('source'),
  class: noText('class'),
  component: noText('component'),
  group: noText('group'),
  details: optional('details', pairsOf(text), []),
  images: optional('images', boundedList(imageFields), []),
  links: optional('links', boundedList(linkFields), []),
  timeoutMs: optional('timeout', duration, 0),
});

/** What every PagerDuty event tells unless the file says otherwise. */
const pagerdutyDetails: readonly (readonly [name: string, template: string])[] = [
  ['firing', '{{ .Alerts.Firing | toJson }}'],
  ['resolved', '{{ .Alerts.Resolved | toJson }}'],
  ['num_firing', '{{ .Alerts.Firing | len }}'],
  ['num_resolved', '{{ .Alerts.Resolved | len }}'],
];

export function pagerduty(global: AlertmanagerGlobal): Decode<Decoded<PagerdutySettings>> {
  return (node) => {
    const { sendResolved, ...own } = pagerdutyFields(node);
    oneIsNeeded(node, 'a PagerDuty receiver', 'routing_key', 'routing_key_file', 'service_key', 'service_key_file');
    notBoth(node, 'routing_key', 'routing_key_file');
    notBoth(node, 'service_key', 'service_key_file');
    const client = own.http ?? global.http;
    const details = [...new Map([...pagerdutyDetails, ...own.details])];
    const settings = { ...own, details, url: own.url || global.pagerdutyUrl, source: own.source || own.client, http: client };
    return { sendResolved, unsupported: client.unsupported, settings };
  };
}

const threadingFields = record('threading', {
  enabled: optional('enabled', boolean, false),
  byDate: optional('thread_by_date', oneOf('none', 'daily'), 'daily' as const),
});
const threading: Decode<EmailSettings['threading']> = (node) => {
  const { enabled, byDate } = threadingFields(node);
  return enabled ? (byDate === 'daily' ? 'daily' : 'group') : 'off';
};

const emailFields = record('email_configs entry', {
  sendResolved: resolvedBy(false),
  to: noText('to'),
  from: noText('from'),
  hello: noText('hello'),
  smarthost: optional('smarthost', hostPort, ''),
  username: noText('auth_username'),
  password: noText('auth_password'),
  passwordFile: noText('auth_password_file'),
  secret: noText('auth_secret'),
  secretFile: noText('auth_secret_file'),
  identity: noText('auth_identity'),
  headers: optional('headers', pairsOf(text), []),
  html: templated('html', 'email.default.html'),
  text: noText('text'),
  requireTls: optional<boolean | undefined>('require_tls', boolean, undefined),
  implicitTls: optional<boolean | undefined>('force_implicit_tls', boolean, undefined),
  tls: optional<TlsSettings | undefined>('tls_config', tlsSettings, undefined),
  threading: optional<EmailSettings['threading']>('threading', threading, 'off'),
});

export function email(global: AlertmanagerGlobal): Decode<Decoded<EmailSettings>> {
  return (node) => {
    const { sendResolved, ...own } = emailFields(node);
    oneIsNeeded(node, 'an e-mail receiver', 'to');
    notBoth(node, 'auth_password', 'auth_password_file');
    notBoth(node, 'auth_secret', 'auth_secret_file');
    const smarthost = own.smarthost || global.smtp.smarthost;
    const from = own.from || global.smtp.from;
    if (smarthost === '') throw yamlError(node, 'an e-mail receiver needs smarthost, or smtp_smarthost in global');
    if (from === '') throw yamlError(node, 'an e-mail receiver needs from, or smtp_from in global');
    const names = own.headers.map(([name]) => name.toLowerCase());
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw yamlError(node, `the header ${twice} is given twice, in different letters`);
    const password = own.password === '' && own.passwordFile === '' ? global.smtp : own;
    const secret = own.secret === '' && own.secretFile === '' ? global.smtp : own;
    const settings: EmailSettings = {
      ...own,
      smarthost,
      from,
      hello: own.hello || global.smtp.hello,
      username: own.username || global.smtp.username,
      password: password.password,
      passwordFile: password.passwordFile,
      secret: secret.secret,
      secretFile: secret.secretFile,
      identity: own.identity || global.smtp.identity,
      requireTls: own.requireTls ?? global.smtp.requireTls,
      implicitTls: own.implicitTls ?? global.smtp.implicitTls,
      tls: own.tls ?? global.smtp.tls,
    };
    return { sendResolved, unsupported: [], settings };
  };
}
