/** The HTTP client settings of a receiver, as Prometheus' and Alertmanager's `http_config` has them. */
import { boundedList, checked, notBoth } from './alertmanager-decode.ts';
import { boolean, listOf, optional, oneOf, pairsOf, record, text, type Decode } from './yaml-decode.ts';

export interface HttpSettings {
  readonly basicAuth:
    | { readonly username: string; readonly usernameFile: string; readonly password: string; readonly passwordFile: string }
    | undefined;
  /** Header `Authorization: TYPE CREDENTIALS`; the old bearer_token fields are read into it. */
  readonly authorization: { readonly type: string; readonly credentials: string; readonly credentialsFile: string } | undefined;
  readonly tls: TlsSettings | undefined;
  readonly followRedirects: boolean;
  readonly proxyUrl: string;
  readonly noProxy: string;
  /** Extra headers; `secrets` and `files` are values that must not be shown. */
  readonly headers: readonly { readonly name: string; readonly values: readonly string[]; readonly files: readonly string[] }[];
  /** Names of what this file asks for and we cannot do. */
  readonly unsupported: readonly string[];
}

export interface TlsSettings {
  readonly ca: string;
  readonly caFile: string;
  readonly cert: string;
  readonly certFile: string;
  readonly key: string;
  readonly keyFile: string;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: string;
  readonly maxVersion: string;
}

export const plainHttp: HttpSettings = {
  basicAuth: undefined,
  authorization: undefined,
  tls: undefined,
  followRedirects: true,
  proxyUrl: '',
  noProxy: '',
  headers: [],
  unsupported: [],
};

const noText = (name: string): ReturnType<typeof optional<string>> => optional(name, text, '');
const tlsVersion = oneOf('TLS10', 'TLS11', 'TLS12', 'TLS13');

export const tlsSettings: Decode<TlsSettings> = (node) => {
  notBoth(node, 'ca', 'ca_file');
  notBoth(node, 'cert', 'cert_file');
  notBoth(node, 'key', 'key_file');
  return record('tls_config', {
    ca: noText('ca'),
    caFile: noText('ca_file'),
    cert: noText('cert'),
    certFile: noText('cert_file'),
    key: noText('key'),
    keyFile: noText('key_file'),
    caRef: noText('ca_ref'),
    certRef: noText('cert_ref'),
    keyRef: noText('key_ref'),
    serverName: noText('server_name'),
    insecureSkipVerify: optional('insecure_skip_verify', boolean, false),
    minVersion: optional('min_version', tlsVersion as Decode<string>, ''),
    maxVersion: optional('max_version', tlsVersion as Decode<string>, ''),
  })(node);
};

const basicAuth: Decode<NonNullable<HttpSettings['basicAuth']>> = (node) => {
  notBoth(node, 'username', 'username_file');
  notBoth(node, 'password', 'password_file');
  return record('basic_auth', {
    username: noText('username'),
    usernameFile: noText('username_file'),
    usernameRef: noText('username_ref'),
    password: noText('password'),
    passwordFile: noText('password_file'),
    passwordRef: noText('password_ref'),
  })(node);
};

const authorization = checked(
  (node) => {
    notBoth(node, 'credentials', 'credentials_file');
    return record('authorization', {
      type: optional('type', text, 'Bearer'),
      credentials: noText('credentials'),
      credentialsFile: noText('credentials_file'),
      credentialsRef: noText('credentials_ref'),
    })(node);
  },
  ({ type }) => (type.trim().toLowerCase() === 'basic' ? 'the authorization type "basic" is written as basic_auth' : undefined),
);

const header = record('http_headers entry', {
  values: optional('values', boundedList(text), []),
  secrets: optional('secrets', boundedList(text), []),
  files: optional('files', boundedList(text), []),
});

const oauth2Fields =
  'audience claims client_certificate_key client_certificate_key_file client_certificate_key_id client_certificate_key_ref client_id client_secret ' +
  'client_secret_file client_secret_ref endpoint_params grant_type iss no_proxy proxy_connect_header proxy_from_environment proxy_url scopes ' +
  'signature_algorithm tls_config token_url';

/** The fields of OAuth 2.0; they are checked by name, and using them says that they are not yet supported. */
const oauth2: Decode<unknown> = record(
  'oauth2',
  Object.fromEntries(oauth2Fields.split(' ').map((name) => [name, optional<unknown>(name, (node) => node, undefined)])),
);

export const httpSettings: Decode<HttpSettings> = (node) => {
  notBoth(node, 'bearer_token', 'bearer_token_file');
  notBoth(node, 'authorization', 'bearer_token');
  notBoth(node, 'authorization', 'bearer_token_file');
  notBoth(node, 'basic_auth', 'authorization');
  notBoth(node, 'basic_auth', 'oauth2');
  notBoth(node, 'authorization', 'oauth2');
  const read = record('http_config', {
    basicAuth: optional<HttpSettings['basicAuth']>('basic_auth', basicAuth, undefined),
    authorization: optional<HttpSettings['authorization']>('authorization', authorization, undefined),
    bearerToken: noText('bearer_token'),
    bearerTokenFile: noText('bearer_token_file'),
    oauth2: optional<unknown>('oauth2', oauth2, undefined),
    tls: optional<TlsSettings | undefined>('tls_config', tlsSettings, undefined),
    followRedirects: optional('follow_redirects', boolean, true),
    http2: optional('enable_http2', boolean, true),
    proxyUrl: noText('proxy_url'),
    noProxy: noText('no_proxy'),
    proxyFromEnvironment: optional('proxy_from_environment', boolean, false),
    proxyConnectHeader: optional('proxy_connect_header', pairsOf(listOf(text)), []),
    headers: optional('http_headers', pairsOf(header), []),
  })(node);
  const bearer = read.bearerToken !== '' || read.bearerTokenFile !== '';
  return {
    basicAuth: read.basicAuth,
    authorization: bearer ? { type: 'Bearer', credentials: read.bearerToken, credentialsFile: read.bearerTokenFile } : read.authorization,
    tls: read.tls,
    followRedirects: read.followRedirects,
    proxyUrl: read.proxyUrl,
    noProxy: read.noProxy,
    headers: read.headers.map(([name, { values, secrets, files }]) => ({ name, values: [...values, ...secrets], files })),
    unsupported: [
      ...(read.oauth2 === undefined ? [] : ['oauth2']),
      ...(read.proxyFromEnvironment ? ['proxy_from_environment'] : []),
      ...(read.proxyConnectHeader.length > 0 ? ['proxy_connect_header'] : []),
    ],
  };
};
