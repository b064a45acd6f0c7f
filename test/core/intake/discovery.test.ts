import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { labelsToRecord } from '#core/model/index.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { jobOf, ScrapeScene } from '../../support/scrape-scene.ts';

const instances = (scene: ScrapeScene): string[] => scene.scraper.targets().map(({ labels }) => labelsToRecord(labels)['instance']!);

/** Written aside and renamed, as tools that write such files do. */
function put(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

describe('file_sd_configs', () => {
  test('targets come and go with the files; a broken file keeps what it said', async () => {
    const scene = new ScrapeScene();
    put(join(scene.folder, 'a.json'), JSON.stringify([{ targets: ['one:1', 'two:2'], labels: { env: 'prod' } }]));
    put(join(scene.folder, 'b.yml'), '- targets: [three:3]\n');
    put(join(scene.folder, 'other.txt.yml.bak'), 'never read');
    await scene.configure(
      jobOf(
        [],
        "  file_sd_configs: [{files: ['*.json', b.yml]}]\n  relabel_configs: [{source_labels: [__meta_filepath], target_label: from, regex: '.*/(.*)'}]",
      ),
    );
    await expect.poll(() => instances(scene)).toEqual(['one:1', 'two:2', 'three:3']);
    expect(labelsToRecord(scene.scraper.targets()[0]!.labels)).toEqual({ env: 'prod', from: 'a.json', instance: 'one:1', job: 'j' });

    put(join(scene.folder, 'a.json'), JSON.stringify([{ targets: ['two:2', 'four:4'], labels: { env: 'prod' } }]));
    await scene.clock.advance(5_000);
    await expect.poll(() => instances(scene)).toEqual(['two:2', 'three:3', 'four:4']);

    put(join(scene.folder, 'a.json'), '[{"targets": ["http://x/metrics"]}]');
    await scene.clock.advance(5_000);
    await expect
      .poll(() => scene.scraper.problems())
      .toEqual([expect.stringMatching(/^job "j": file_sd \*\.json, b\.yml: .*a\.json:1: "http:\/\/x\/metrics" is not a target/)]);
    expect(instances(scene)).toEqual(['two:2', 'three:3', 'four:4']);

    put(join(scene.folder, 'a.json'), '[]');
    await scene.clock.advance(5_000);
    await expect.poll(() => instances(scene)).toEqual(['three:3']);
    expect(scene.scraper.problems()).toEqual([]);
  });

  test('a changed job goes on with the targets that its files gave', async () => {
    const scene = new ScrapeScene();
    const target = await httpTarget(page('a 1\n'));
    put(join(scene.folder, 'a.yml'), `- targets: ['${target.address}']\n`);
    await scene.configure(jobOf([], '  file_sd_configs: [{files: [a.yml]}]'));
    await expect.poll(() => instances(scene)).toEqual([target.address]);
    await scene.scrape();
    await scene.configure(jobOf([], '  file_sd_configs: [{files: [a.yml]}]\n  honor_labels: true'));
    expect(instances(scene)).toEqual([target.address]);
    await scene.scrape();
    expect(scene.samples('a')).toEqual([`a{instance="${target.address}", job="j"}: 1 1`]);
  });
});

describe('http_sd_configs', () => {
  test('targets come from an answer; a failing one keeps the last', async () => {
    const scene = new ScrapeScene();
    const asked: string[] = [];
    const answer = (list: unknown) => page(JSON.stringify(list), 'application/json');
    const source = await httpTarget((request, response) => {
      asked.push(`${request.url} ${String(request.headers['x-prometheus-refresh-interval-seconds'])}`);
      answer([{ targets: ['one:1'], labels: { __meta_rack: 'r1' } }])(request, response);
    });
    await scene.configure(
      jobOf(
        [],
        `  http_sd_configs: [{url: '${source.url}', refresh_interval: 30s}]\n  relabel_configs: [{source_labels: [__meta_rack], target_label: rack}]`,
      ),
    );
    await expect.poll(() => instances(scene)).toEqual(['one:1']);
    expect(labelsToRecord(scene.scraper.targets()[0]!.labels)['rack']).toBe('r1');
    expect(asked).toEqual(['/metrics 30']);
    source.answer = (_, response) => void response.writeHead(500).end();
    await scene.clock.advance(30_000);
    await expect.poll(() => scene.scraper.problems()).toHaveLength(1);
    expect(instances(scene)).toEqual(['one:1']);
    source.answer = answer([{ targets: ['two:2'] }]);
    await scene.clock.advance(30_000);
    await expect.poll(() => instances(scene)).toEqual(['two:2']);
  });
});

describe.skipIf(!existsSync('/usr/bin/openssl'))('TLS', () => {
  /** A certificate for 127.0.0.1 that nobody signed but itself. */
  function certificate(folder: string): { readonly key: string; readonly cert: string } {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=target', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      '/usr/bin/openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, ...subject],
      { stdio: 'ignore' },
    );
    return { key, cert };
  }

  async function tlsTarget(folder: string, clientsOnly: boolean): Promise<string> {
    const { key, cert } = certificate(folder);
    const own = { key: readFileSync(key), cert: readFileSync(cert) };
    const server = createServer({ ...own, requestCert: clientsOnly, rejectUnauthorized: clientsOnly, ca: own.cert }, (_, response) =>
      response.end('a 1\n'),
    );
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    ['an unknown signer is refused', '', false, 'self-signed certificate'],
    ['a known one is taken', 'tls_config: {ca_file: cert.pem}', false, ''],
    ['or none is asked for', 'tls_config: {insecure_skip_verify: true}', false, ''],
    ['another name is refused', 'tls_config: {ca_file: cert.pem, server_name: elsewhere}', false, 'cannot be scraped'],
    ['a certificate of ours is shown', 'tls_config: {ca_file: cert.pem, cert_file: cert.pem, key_file: key.pem}', true, ''],
    ['without it the target refuses', 'tls_config: {ca_file: cert.pem}', true, '127.0.0.1'],
    ['a file that is not there is named', 'tls_config: {ca_file: nowhere.pem}', false, 'nowhere.pem cannot be read'],
  ])('%s', async (_, fields, clientsOnly, error) => {
    const scene = new ScrapeScene();
    const address = await tlsTarget(scene.folder, clientsOnly);
    await scene.configure(jobOf([address], `  scheme: https\n  ${fields}`));
    const status = await scene.scrape();
    expect(status.lastError).toContain(error);
    expect(status.health).toBe(error === '' ? 'up' : 'down');
  });
});

describe('credentials', () => {
  test.each([
    ['basic_auth: {username: u, password_file: secret}', `Basic ${Buffer.from('u:s3cret').toString('base64')}`],
    ['authorization: {credentials_file: secret}', 'Bearer s3cret'],
    ['authorization: {type: Token, credentials: x}', 'Token x'],
    ['bearer_token_file: secret', 'Bearer s3cret'],
  ])('%s', async (fields, header) => {
    const scene = new ScrapeScene();
    writeFileSync(join(scene.folder, 'secret'), 's3cret\n');
    let sent = '';
    const target = await httpTarget((request, response) => {
      sent = request.headers.authorization ?? '';
      page('a 1\n')(request, response);
    });
    await scene.configure(jobOf([target.address], `  ${fields}\n  http_headers: {X-Scope: {values: [a, b]}}`));
    await scene.scrape();
    expect(sent).toBe(header);
  });

  test('a changed password counts within 30 s, and no secret stands in what a target shows', async () => {
    const scene = new ScrapeScene();
    const file = join(scene.folder, 'secret');
    writeFileSync(file, 'first');
    const sent: string[] = [];
    const target = await httpTarget((request, response) => {
      sent.push(request.headers.authorization ?? '');
      response.writeHead(401).end();
    });
    await scene.configure(jobOf([target.address], '  authorization: {credentials_file: secret}'));
    await scene.scrape();
    writeFileSync(file, 'second');
    scene.sleep(31_000);
    await scene.scrape();
    expect(sent).toEqual(['Bearer first', 'Bearer second']);
    expect(JSON.stringify(scene.scraper.targets())).not.toContain('second');
  });
});
