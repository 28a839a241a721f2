import { call, get } from './api';

export interface Card { id: string; kind: 'indicator' | 'sql'; title: string; indicator: string; sql: string; chart: 'bar' | 'line' | 'table' | 'number'; width: number; height: number }
export interface Board { revision: number; cards: Card[] }

export const board = () => get<Board>('/api/v1/board');
export const saveBoard = (b: Board) => call<Board>('PUT', '/api/v1/board', b);
export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, '0')).join('');
