/** Media: takes pictures, makes small ones of them, and remembers where they are. */
import { Counter } from 'prom-client';
import type { Service } from './service.ts';
import { Database } from './statements.ts';

export function runMedia(service: Service): void {
  const database = new Database(service);
  const taken = new Counter({ name: 'media_bytes_total', help: 'Bytes of pictures taken', registers: [service.telemetry.metrics] });
  service.on('/upload', async ({ span }) => {
    const bytes = Math.round(200_000 * (0.5 + service.random() * 3));
    span.setAttribute('media.bytes', bytes);
    await service.work(25);
    span.addEvent('thumbnail made');
    await database.query('insert_media', span);
    taken.inc(bytes);
    service.telemetry.log('info', 'picture taken', span, { bytes });
  });
}
