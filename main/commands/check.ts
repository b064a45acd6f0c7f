export { refuseLater as check } from './later.ts';
