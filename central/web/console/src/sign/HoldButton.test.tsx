import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { show } from '@/test/page';
import { HoldButton } from './HoldButton';

const key = (k: string) => ({ key: k });

describe('HoldButton', () => {
  let held: ReturnType<typeof vi.fn<() => void>>;
  const put = async (more = {}) => {
    held = vi.fn<() => void>();
    await show(
      <HoldButton tone="emergency" onHold={held} {...more}>
        {'go'}
      </HoldButton>,
    );
    const button = await screen.findByRole('button', { name: 'go' });
    vi.useFakeTimers();
    return button;
  };
  const pass = (ms: number) =>
    act(() => {
      vi.advanceTimersByTime(ms);
    });

  beforeEach(() => vi.useRealTimers());
  afterEach(() => vi.useRealTimers());

  const ways: [string, (b: HTMLElement) => void, (b: HTMLElement) => void][] = [
    ['a finger or a mouse', (b) => fireEvent.pointerDown(b, { button: 0, isPrimary: true }), (b) => fireEvent.pointerUp(b)],
    ['the space bar', (b) => fireEvent.keyDown(b, key(' ')), (b) => fireEvent.keyUp(b, key(' '))],
    ['the enter key', (b) => fireEvent.keyDown(b, key('Enter')), (b) => fireEvent.keyUp(b, key('Enter'))],
  ];

  it.each(ways)('is done once when %s holds it for 1.5 s', async (_, down, up) => {
    const b = await put();
    down(b);
    pass(1499);
    expect(held).not.toHaveBeenCalled();
    expect(b).toHaveAttribute('data-holding');
    pass(1);
    expect(held).toHaveBeenCalledTimes(1);
    up(b);
    pass(10_000);
    expect(held).toHaveBeenCalledTimes(1);
  });

  it.each(ways)('does nothing when %s lets go early', async (_, down, up) => {
    const b = await put();
    down(b);
    pass(1400);
    up(b);
    pass(10_000);
    expect(held).not.toHaveBeenCalled();
    expect(screen.getByRole('status')).toHaveTextContent('Đã thả ra sớm');
  });

  it.each<[string, (b: HTMLElement) => void]>([
    ['the pointer slides off', (b) => fireEvent.pointerLeave(b)],
    ['the touch becomes a scroll', (b) => fireEvent.pointerCancel(b)],
    ['the focus goes elsewhere', (b) => fireEvent.blur(b)],
  ])('does nothing when %s', async (_, leave) => {
    const b = await put();
    fireEvent.pointerDown(b, { button: 0, isPrimary: true });
    pass(1000);
    leave(b);
    pass(10_000);
    expect(held).not.toHaveBeenCalled();
  });

  it('does not count a key that repeats, a click, the other button or a second finger', async () => {
    const b = await put();
    fireEvent.keyDown(b, { key: 'Enter', repeat: true });
    fireEvent.click(b);
    fireEvent.pointerDown(b, { button: 2, isPrimary: true });
    fireEvent.pointerDown(b, { button: 0, isPrimary: false });
    pass(5000);
    expect(held).not.toHaveBeenCalled();
  });

  it('does nothing while it is busy or disabled', async () => {
    const b = await put({ busy: true });
    fireEvent.pointerDown(b, { button: 0, isPrimary: true });
    pass(5000);
    expect(held).not.toHaveBeenCalled();
    expect(b).toHaveAttribute('aria-busy');
  });

  it('can be held again after it was let go', async () => {
    const b = await put();
    fireEvent.keyDown(b, key(' '));
    pass(500);
    fireEvent.keyUp(b, key(' '));
    fireEvent.keyDown(b, key(' '));
    pass(1499);
    expect(held).not.toHaveBeenCalled();
    pass(1);
    expect(held).toHaveBeenCalledTimes(1);
  });

  it('says how it is used, and that it is held', async () => {
    const b = await put();
    expect(b).toHaveAccessibleDescription('Nhấn và giữ 1,5 giây');
    fireEvent.keyDown(b, key(' '));
    expect(screen.getByRole('status')).toHaveTextContent('Đang giữ');
  });
});
