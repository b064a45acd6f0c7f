export { refuseLater as query } from './later.ts';
