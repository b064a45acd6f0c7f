import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAlerting } from '#core/alerting/index.ts';
import { openDb } from '#core/db/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { peerProgram } from '../../support/peer-programs.ts';

const data = '../shared/data/alerting';
const amtool = peerProgram('amtool');

/** The error, or empty for a good configuration. */
function refusal(text: string, path: string): string {
  try {
    parseAlertmanagerConfig(text, path);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** amtool 0.33's verdict on each published file: where it refuses, the line at which the fault stands. */
const publishedFaults: Readonly<Record<string, number>> = {
  'alertmanager/cli/testdata/conf.bad.yml': 1,
  'alertmanager/config/testdata/conf.mattermost-both-webhook-url-and-file.yml': 3,
  'alertmanager/config/testdata/conf.nil-source_match_re-inhibition.yml': 7,
  'alertmanager/config/testdata/conf.nil-target_match_re-inhibition.yml': 9,
  'alertmanager/config/testdata/conf.opsgenie-default-apikey-old-team.yml': 16,
  'alertmanager/config/testdata/conf.opsgenie-no-apikey.yml': 14,
  'alertmanager/config/testdata/conf.rocketchat-both-token-and-tokenfile.yml': 2,
  'alertmanager/config/testdata/conf.slack-both-file-and-token.yml': 3,
  'alertmanager/config/testdata/conf.slack-both-url-and-token.yml': 2,
  'alertmanager/config/testdata/conf.slack-no-api-url-or-token.yml': 7,
  'alertmanager/config/testdata/conf.slack-update-message-and-webhook.yml': 13,
  'alertmanager/config/testdata/conf.telegram-valid-receiver-both-bot-token-and-file.yml': 3,
  'alertmanager/config/testdata/conf.victorops-both-file-and-apikey.yml': 3,
  'alertmanager/config/testdata/conf.victorops-no-apikey.yml': 14,
  'alertmanager/doc/examples/route_labels.yml': 22,
};

describe('published configurations', () => {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((file) => /^alertmanager.*\.yml$/.test(file));

  test.each(files.toSorted())('%s', (file) => {
    const fault = publishedFaults[file];
    const said = refusal(readFileSync(join(data, file), 'utf8'), file);
    if (fault === undefined) expect(said).toBe('');
    else expect(said.startsWith(`${file}:${fault}: `), said).toBe(true);
  });
});

const cases = readFileSync(join(import.meta.dirname, 'configs.txt'), 'utf8')
  .split(/^=== /m)
  .slice(1)
  .map((text) => {
    const [, verdict, name] = /^(good|bad \d+) (.*)\n/.exec(text)!;
    return { name: `${name} (${verdict})`, fault: Number(verdict!.slice(4)), text: text.slice(text.indexOf('\n') + 1) };
  });

describe('small configurations', () => {
  test.each(cases)('$name', ({ fault, text }) => {
    const said = refusal(text, 'a.yml');
    if (fault === 0) expect(said).toBe('');
    else expect(said.startsWith(`a.yml:${fault}: `), said).toBe(true);
  });

  test.skipIf(!existsSync(amtool))(`amtool says the same${existsSync(amtool) ? '' : ` (skipped: ${amtool} is not installed)`}`, () => {
    const folder = tempFolder();
    const differing = cases.filter(({ name, fault, text }, i) => {
      if (name.startsWith('only ours')) return false;
      const path = join(folder, `${i}.yml`);
      writeFileSync(path, text);
      try {
        execFileSync(amtool, ['check-config', path], { stdio: 'pipe' });
        return fault !== 0;
      } catch {
        return fault === 0;
      }
    });
    expect(differing.map(({ name }) => name)).toEqual([]);
  });
});

interface RoutingCase {
  readonly config: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly receivers: readonly string[];
}

test('74 label sets take the routes that amtool gives them', () => {
  const routed = JSON.parse(readFileSync(join(data, 'alertmanager-routing/cases.json'), 'utf8')) as RoutingCase[];
  const folder = tempFolder();
  for (const name of new Set(routed.map(({ config }) => config))) {
    const config = parseAlertmanagerConfig(readFileSync(join(data, 'alertmanager-routing', name), 'utf8'), name);
    const send = (): Promise<{ ok: true }> => Promise.resolve({ ok: true });
    const alerting = createAlerting({
      db: openDb(join(folder, `${name}.sqlite`), 'journal'),
      clock: new ManualClock(),
      random: () => 0,
      config,
      send,
    });
    for (const one of routed.filter((other) => other.config === name)) {
      const receivers = alerting.routesOf(labelsFromRecord(one.labels)).map(({ route }) => route.receiver);
      expect(receivers, JSON.stringify(one.labels)).toEqual(one.receivers);
    }
    alerting.stop();
  }
  expect(routed.length).toBe(74);
});
