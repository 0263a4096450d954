import { describe, expect, it } from 'vitest';
import { prune } from './unused.ts';

const used = (name: string) => name === 'm_aa';
const plain = (css: string) => prune(css, used).replace(/\s+/g, ' ').trim();

describe('rules of what is not used', () => {
  it.each([
    ['.m_bb{color:red}', ''],
    ['.m_aa{color:red}', '.m_aa{color:red}'],
    ['body{margin:0}', 'body{margin:0}'],
    ['.own{margin:0}', '.own{margin:0}'],
    ['.m_aa .m_bb{color:red}', ''],
    ['.m_aa:not(.m_bb){color:red}', '.m_aa:not(.m_bb){color:red}'],
    ['.m_aa,.m_bb{color:red}', '.m_aa{color:red}'],
    [':where(.m_bb) .x{color:red}', ''],
    ['@media print{.m_bb{color:red}}', ''],
    ['@media print{.m_bb{color:red}.m_aa{color:red}}', '@media print{.m_aa{color:red}}'],
    ['@keyframes m_cc{from{opacity:0}to{opacity:1}}', '@keyframes m_cc{from{opacity:0}to{opacity:1}}'],
  ])('%s', (css, left) => expect(plain(css)).toBe(left));
});
