import type { Clock } from '#core/model/index.ts';
import type { ServiceName, ToService } from '../index.ts';
import { runCache } from './cache.ts';
import { runDatabase } from './database.ts';
import { runFanout } from './fanout.ts';
import { runGateway } from './gateway.ts';
import { runMedia } from './media.ts';
import { runPeople } from './people.ts';
import { Service } from './service.ts';
import { Telemetry } from './telemetry.ts';
import { runTimeline } from './timeline.ts';

/** A process of the practice system that runs. */
export interface RunningService {
  readonly port: number;
  take(message: Exclude<ToService, { k: 'begin' }>): void;
  /** Sends what is still to be told. */
  close(): Promise<void>;
}

/** Becomes one of the services. `random` is uniform in [0, 1). */
export async function runService(begin: Extract<ToService, { k: 'begin' }>, clock: Clock, random: () => number): Promise<RunningService> {
  const telemetry = new Telemetry(begin.service, begin.version, begin.to, clock);
  const service = new Service(telemetry, random);
  const roles: Readonly<Record<ServiceName, () => void>> = {
    gateway: () => runGateway(service),
    timeline: () => runTimeline(service, begin.version),
    fanout: () => runFanout(service),
    cache: () => runCache(service, begin.users),
    database: () => runDatabase(service),
    media: () => runMedia(service),
    users: () => runPeople(service, begin.users),
  };
  roles[begin.service]();
  const port = await service.listen(begin.port);
  telemetry.log('info', 'started', undefined, { version: begin.version, port });
  return {
    port,
    take: (message) => {
      if (message.k === 'peers') service.setPeers(message.ports);
      else service.fault = message.name;
    },
    close: () => telemetry.close(),
  };
}
