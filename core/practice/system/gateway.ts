/** The gateway: the door that users knock at. */
import type { Asked, Service } from './service.ts';

export function runGateway(service: Service): void {
  const pass =
    (to: 'timeline' | 'media', route: string) =>
    async ({ query, span }: Asked): Promise<unknown> => {
      const user = query.get('user') ?? '';
      span.setAttribute('enduser.id', user);
      const beganMs = service.clock.monotonicMs();
      const answer = await service.call(to, `${route}?user=${user}`, span);
      service.telemetry.log('info', 'answered', span, { user, route, ms: Math.round(service.clock.monotonicMs() - beganMs) });
      return answer;
    };
  service.on('/timeline', pass('timeline', '/home'));
  service.on('/post', pass('timeline', '/publish'));
  service.on('/media', pass('media', '/upload'));
}
