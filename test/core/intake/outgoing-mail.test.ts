import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Outgoing } from '#core/intake/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { smtpServer } from '../../support/smtp-server.ts';

type OutgoingMail = Parameters<Outgoing['mail']>[0];

const plain: Omit<OutgoingMail, 'smarthost'> = {
  hello: 'signalbox.test',
  from: 'alerts@example.com',
  to: 'ada@example.com, "On call" <grace@example.com>',
  headers: [
    ['Subject', '[FIRING:1] Платёж не проходит'],
    ['X-Team', 'payments'],
  ],
  html: '<b>Checkout</b> is &lt;down&gt;',
  text: 'Checkout is <down>\n.a line that begins with a dot',
  messageId: '<k1@signalbox>',
  thread: '',
  requireTls: false,
  implicitTls: undefined,
  tls: undefined,
  username: '',
  password: '',
  secret: '',
};
const outgoing = new Outgoing(new ManualClock(), () => '/');
const noTls = { caFile: '', cert: '', certFile: '', key: '', keyFile: '', serverName: '', insecureSkipVerify: false, minVersion: '', maxVersion: '' };
const openssl = '/usr/bin/openssl';
let pem: { cert: string; key: string };

beforeAll(() => {
  if (!existsSync(openssl)) return;
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=mail.test', '-addext', 'subjectAltName=DNS:mail.test,IP:127.0.0.1'];
  execFileSync(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...names], {
    stdio: 'ignore',
  });
  pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
});

describe('a mail', () => {
  test('arrives in both forms, with its headers, at every recipient', async () => {
    const server = await smtpServer();
    await outgoing.mail({ ...plain, smarthost: server.smarthost });
    expect(server.hellos).toEqual(['signalbox.test']);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: 'alerts@example.com', to: ['ada@example.com', 'grace@example.com'], secure: false, auth: '' });
    expect(mail!.text).toMatch(/^From: alerts@example\.com$/m);
    expect(mail!.text).toMatch(/^X-Team: payments$/m);
    expect(mail!.text).toMatch(/^Message-ID: <k1@signalbox>$/m);
    expect(mail!.text).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(mail!.text).toContain('multipart/alternative');
    expect(mail!.text).toContain('\n.a line that begins with a dot');
    expect(mail!.text).toContain('<b>Checkout</b> is &lt;down&gt;');
    expect(mail!.text).not.toMatch(/^References:/m);
  });

  test('headers that the letter shows do not change the envelope, and threads are told', async () => {
    const server = await smtpServer();
    const headers = [...plain.headers, ['To', 'The team <team@example.com>'], ['Reply-To', 'help@example.com']] as const;
    await outgoing.mail({ ...plain, headers, thread: '<t1@signalbox>', smarthost: server.smarthost });
    const [mail] = server.mails;
    expect(mail!.to).toEqual(['ada@example.com', 'grace@example.com']);
    expect(mail!.text).toMatch(/^To: The team <team@example\.com>$/m);
    expect(mail!.text).toMatch(/^References: <t1@signalbox>$/m);
    expect(mail!.text).toMatch(/^In-Reply-To: <t1@signalbox>$/m);
  });

  test.skipIf(!existsSync(openssl)).each([
    ['PLAIN', { password: 'sesam' }, 'bot:sesam'],
    ['CRAM-MD5', { secret: 'sesam' }, 'bot:cram'],
  ])('is sent after authentication by %s over STARTTLS', async (mechanism, credentials, auth) => {
    const server = await smtpServer({ tls: pem, mechanisms: [mechanism], password: 'sesam' });
    const tls = { ...noTls, ca: pem.cert, serverName: 'mail.test' };
    await outgoing.mail({ ...plain, ...credentials, username: 'bot', requireTls: true, tls, smarthost: server.smarthost });
    expect(server.mails).toMatchObject([{ secure: true, auth }]);
  });

  test.skipIf(!existsSync(openssl))('goes by TLS from the first byte', async () => {
    const server = await smtpServer({ tls: pem, implicit: true });
    const tls = { ...noTls, ca: pem.cert, serverName: 'mail.test' };
    await outgoing.mail({ ...plain, implicitTls: true, tls, smarthost: server.smarthost });
    expect(server.mails).toMatchObject([{ secure: true }]);
  });

  test.skipIf(!existsSync(openssl))(
    'stays home when require_tls finds none, when the certificate is not known, and when nobody may be spoken to',
    async () => {
      const bare = await smtpServer();
      await expect(outgoing.mail({ ...plain, requireTls: true, smarthost: bare.smarthost })).rejects.toThrow(/did not take the mail: .*STARTTLS/);
      const server = await smtpServer({ tls: pem });
      await expect(outgoing.mail({ ...plain, requireTls: true, smarthost: server.smarthost })).rejects.toThrow(/certificate/);
      await expect(outgoing.mail({ ...plain, smarthost: '169.254.169.254:25' })).rejects.toThrow(/link-local/);
      expect([...bare.mails, ...server.mails]).toEqual([]);
    },
  );

  test('a refusal is told with the server’s words', async () => {
    const wrong = await smtpServer({ mechanisms: ['PLAIN'], password: 'sesam' });
    await expect(outgoing.mail({ ...plain, username: 'bot', password: 'open', smarthost: wrong.smarthost })).rejects.toThrow(/535 wrong password/);
    const picky = await smtpServer({ rcptReplies: ['550 no such user', '550 no such user'] });
    await expect(outgoing.mail({ ...plain, smarthost: picky.smarthost })).rejects.toThrow(/550 no such user/);
    await expect(outgoing.mail({ ...plain, smarthost: '127.0.0.1:1' })).rejects.toThrow(/did not take the mail/);
    expect([...wrong.mails, ...picky.mails]).toEqual([]);
  });
});
