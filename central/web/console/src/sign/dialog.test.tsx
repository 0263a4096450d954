import 'fake-indexeddb/auto';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { meQuery, type Me } from '@/api/me';
import { person, refuse, serve, show } from '@/test/page';
import { fromBase64, pae, parsePayloadType } from './envelope';
import { keepKeySet, knownKeySet } from './keysets';
import { SignProvider } from './SignProvider';
import { useSign, type Draft, type Order } from './useSign';

const golden = join(import.meta.dirname, '../../../../../controller/protocol/testdata/golden/20261121');
function draftOf(name: string, edit: (d: Draft) => void = () => undefined): Draft {
  const e = JSON.parse(readFileSync(join(golden, `${name}.json`), 'utf8')) as { payloadType: string; payload: string };
  const hash = createHash('sha256').update(pae(e.payloadType, fromBase64(e.payload))).digest('hex');
  const draft: Draft = { hash, ...parsePayloadType(e.payloadType), subject: 'x', revision: 1, targets: 5, notes: ['two persons needed'], envelope: { payloadType: e.payloadType, payload: e.payload, signatures: [] } };
  edit(draft);
  return draft;
}

function Page({ draft, onOrder }: { draft: Draft; onOrder: (o: Order | undefined) => void }) {
  const sign = useSign();
  return (
    <button type="button" onClick={() => void sign(draft).then(onOrder, onUnknown)}>
      {'sign'}
    </button>
  );
}

let onOrder: ReturnType<typeof vi.fn<(o: Order | undefined) => void>>;
let me: Me;
const onUnknown = vi.fn<(e: unknown) => void>();
beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  Object.defineProperty(window, 'isSecureContext', { value: true, configurable: true });
  onOrder = vi.fn<(o: Order | undefined) => void>();
  me = { ...person, keys: [] };
});
afterEach(() => vi.unstubAllGlobals());

/** answers is a server that takes the person's key as it is told to. */
const answers = (draft: Draft, key: { state: 'proposed' | 'in-use'; confirmed: boolean }) => ({
  'GET /api/v1/me': () => me,
  'POST /api/v1/me/keys': (body: unknown) => {
    const made = { ...(body as Me['keys'][number]), ...key, added: '2026-11-21T10:00:00Z' };
    me = { ...me, keys: [made] };
    return made;
  },
  [`POST /api/v1/orders/${draft.hash}/signatures`]: { hash: draft.hash, state: 'sealed' },
});

async function opened(draft: Draft, language: 'vi' | 'en' = 'vi') {
  const shown = await show(
    <SignProvider>
      <Page draft={draft} onOrder={onOrder} />
    </SignProvider>,
    { me, language },
  );
  await userEvent.click(await screen.findByRole('button', { name: 'sign' }));
  const dialog = await screen.findByRole('dialog');
  return { ...shown, dialog: within(dialog) };
}

describe('signing', () => {
  it('makes a key, shows the very bytes, signs them, and answers the order', async () => {
    const draft = draftOf('bulletin.live');
    const asked = serve(answers(draft, { state: 'in-use', confirmed: true }));
    const { dialog } = await opened(draft);
    expect(await dialog.findByText('Tiêm phòng cho trâu bò')).toBeInTheDocument();
    expect(dialog.getByText('Khổng Lào')).toBeInTheDocument();
    expect(dialog.getByText('Gửi đến 5 cụm loa.')).toBeInTheDocument();
    expect(dialog.getByText(draft.hash)).toBeInTheDocument();
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    await userEvent.click(await dialog.findByRole('button', { name: 'Ký và duyệt bản tin' }));
    await waitFor(() => expect(onOrder).toHaveBeenCalledWith({ hash: draft.hash, state: 'sealed' }));

    const sent = asked.find((a) => a.path.endsWith('/signatures'))!.body as { keyid: string; sig: string };
    const proposed = asked.find((a) => a.path.endsWith('/me/keys'))!.body as { id: string; public: string; scheme: string };
    expect(sent.keyid).toBe(proposed.id);
    const key = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), fromBase64(proposed.public)]), format: 'der', type: 'spki' });
    expect(verify(null, pae(draft.envelope.payloadType, fromBase64(draft.envelope.payload)), key, fromBase64(sent.sig))).toBe(true);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('says that the key waits for administrators, and goes on when it is confirmed', async () => {
    const draft = draftOf('bulletin.live');
    serve(answers(draft, { state: 'proposed', confirmed: false }));
    const { dialog, client } = await opened(draft);
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    expect(await dialog.findByText('Khóa đang chờ người quản trị xác nhận')).toBeInTheDocument();
    expect(dialog.queryByRole('button', { name: 'Ký và duyệt bản tin' })).not.toBeInTheDocument();
    const stands = (state: 'in-use', confirmed: boolean) =>
      act(async () => {
        me = { ...me, keys: me.keys.map((k) => ({ ...k, state, confirmed })) };
        await client.invalidateQueries({ queryKey: meQuery.queryKey });
      });
    await stands('in-use', false);
    expect(await dialog.findByText('Khóa đã được xác nhận, đang chờ bộ khóa mới')).toBeInTheDocument();
    await stands('in-use', true);
    expect(await dialog.findByRole('button', { name: 'Ký và duyệt bản tin' })).toBeInTheDocument();
  });

  it('raises an alert only when it is held, and says drill or live', async () => {
    const draft = draftOf('alert.drill');
    const asked = serve(answers(draft, { state: 'in-use', confirmed: true }));
    const { dialog } = await opened(draft);
    expect(await dialog.findByText(/DIỄN TẬP · Phát diễn tập/)).toHaveClass('loa-drill-band');
    expect(dialog.getByText(/Nước sông Đà lên nhanh\./, { selector: 'blockquote' })).toHaveAttribute('lang', 'vi');
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    const hold = await dialog.findByRole('button', { name: 'Giữ để phát diễn tập' });
    await userEvent.click(hold);
    expect(asked.some((a) => a.path.endsWith('/signatures'))).toBe(false);
    fireEvent.keyDown(hold, { key: ' ' });
    await waitFor(() => expect(onOrder).toHaveBeenCalled(), { timeout: 20_000 });
  });

  it('tells whoever asked that nothing is known of an alert, where no answer came', async () => {
    const draft = draftOf('alert.drill');
    serve({ ...answers(draft, { state: 'in-use', confirmed: true }), [`POST /api/v1/orders/${draft.hash}/signatures`]: () => refuse(502, 'http-502') });
    const { dialog } = await opened(draft);
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    fireEvent.keyDown(await dialog.findByRole('button', { name: 'Giữ để phát diễn tập' }), { key: 'Enter' });
    await waitFor(() => expect(onUnknown).toHaveBeenCalledWith(expect.objectContaining({ status: 502 })), { timeout: 20_000 });
    expect(onOrder).not.toHaveBeenCalled();
  });

  it('shows a live alert in the colour of emergencies', async () => {
    const draft = draftOf('alert.live');
    serve(answers(draft, { state: 'in-use', confirmed: true }));
    const { dialog } = await opened(draft, 'en');
    expect(await dialog.findByText(/REAL ALERT/)).toHaveClass('loa-emergency-band');
  });

  it.each<[string, (d: Draft) => void]>([
    ['a hash that is not theirs', (d) => (d.hash = '0'.repeat(64))],
    ['live bytes that are told for a drill', (d) => (d.mode = 'drill')],
    ['a name that is not known', (d) => {
      const read = JSON.parse(new TextDecoder().decode(fromBase64(d.envelope.payload))) as object;
      d.envelope.payload = Buffer.from(JSON.stringify({ ...read, also: ['12'] })).toString('base64');
      d.hash = createHash('sha256').update(pae(d.envelope.payloadType, fromBase64(d.envelope.payload))).digest('hex');
    }],
  ])('signs nothing for %s', async (_, edit) => {
    const draft = draftOf('cancel.live', edit);
    const asked = serve(answers(draft, { state: 'in-use', confirmed: true }));
    const { dialog } = await opened(draft);
    expect(await dialog.findByRole('alert')).toHaveTextContent('không ký');
    expect(dialog.queryByRole('button', { name: /Giữ|Ký/ })).not.toBeInTheDocument();
    await userEvent.click(dialog.getByRole('button', { name: 'Thôi, không ký' }));
    expect(onOrder).toHaveBeenCalledWith(undefined);
    expect(asked.filter((a) => a.method === 'POST')).toEqual([]);
  });

  it('stays, and says why, when the server refuses', async () => {
    const draft = draftOf('bulletin.live');
    serve({ ...answers(draft, { state: 'in-use', confirmed: true }), [`POST /api/v1/orders/${draft.hash}/signatures`]: () => refuse(403, 'not-authorised') });
    const { dialog } = await opened(draft);
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    await userEvent.click(await dialog.findByRole('button', { name: 'Ký và duyệt bản tin' }));
    expect(await dialog.findByText('Chữ ký của bạn không được tính cho lệnh này.')).toBeInTheDocument();
    expect(onOrder).not.toHaveBeenCalled();
  });

  it('says in one sentence that a browser is too old', async () => {
    const draft = draftOf('bulletin.live');
    serve(answers(draft, { state: 'in-use', confirmed: true }));
    vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValue(new DOMException('no', 'NotSupportedError'));
    const { dialog } = await opened(draft);
    expect(await dialog.findByText(/Trình duyệt này chưa ký được Ed25519/)).toBeInTheDocument();
    expect(dialog.queryByRole('button', { name: 'Tạo khóa ký' })).not.toBeInTheDocument();
  });

  it.each(['local.live', 'stop.live', 'placement.live', 'root.live', 'cancel.drill'])('%s is read in both languages', async (name) => {
    const draft = draftOf(name);
    serve(answers(draft, { state: 'in-use', confirmed: true }));
    const { dialog } = await opened(draft, name.length % 2 ? 'vi' : 'en');
    expect(await dialog.findByText(draft.hash)).toBeInTheDocument();
    expect(dialog.queryByText(/read\.|kind\./)).not.toBeInTheDocument();
  });
});

describe('what will be heard', () => {
  const file = Buffer.from('OggS: what the order names');
  const hash = createHash('sha256').update(file).digest('hex');
  /** naming is an order whose audio is that file. */
  const naming = (name: string, size = file.length) =>
    draftOf(name, (d) => {
      const is = JSON.parse(new TextDecoder().decode(fromBase64(d.envelope.payload))) as { audio?: object[]; messages?: { audio?: object }[] };
      const audio = { sha256: hash, bytes: size, samples: 480_000 };
      if (is.audio) is.audio = [{ language: 'vi', ...audio }];
      is.messages?.forEach((m) => (m.audio = audio));
      d.envelope.payload = Buffer.from(JSON.stringify(is)).toString('base64');
      d.hash = createHash('sha256').update(pae(d.envelope.payloadType, fromBase64(d.envelope.payload))).digest('hex');
    });
  const given = (draft: Draft, answer: () => Response) => ({ ...answers(draft, { state: 'in-use', confirmed: true }), [`GET /api/v1/audio/${hash}/file`]: answer });
  let made: Blob[];
  beforeEach(() => {
    made = [];
    URL.createObjectURL = vi.fn((b: Blob) => `blob:${made.push(b)}`);
    URL.revokeObjectURL = vi.fn();
  });

  it.each([
    ['bulletin.live', 'Ký và duyệt bản tin'],
    ['alert.live', 'Giữ để phát báo động'],
    ['alert.drill', 'Giữ để phát diễn tập'],
  ])('%s: the very file can be heard', async (name, button) => {
    const draft = naming(name);
    const asked = serve(given(draft, () => new Response(file)));
    const { dialog } = await opened(draft);
    const [player] = await dialog.findAllByLabelText('Nghe thử: Tiếng Việt');
    expect(player).toHaveAttribute('src', 'blob:1');
    expect(player).toHaveProperty('controls', true);
    expect([made[0]?.size, made[0]?.type]).toEqual([file.length, 'audio/ogg']);
    expect(asked.filter((a) => a.path.endsWith('/file'))).toHaveLength(1); // however many messages name it
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    expect(await dialog.findByRole('button', { name: button })).toBeEnabled();
  });

  it.each<[string, string, () => Response]>([
    ['bulletin.live', 'another file', () => new Response(Buffer.from('OggS: what the order namex'))],
    ['alert.live', 'another file', () => new Response(Buffer.from('OggS: what the order namex'))],
    ['local.live', 'another file', () => new Response('')],
    ['bulletin.live', 'more than there is to be', () => new Response(Buffer.concat([file, file]))],
    ['bulletin.live', 'less than there is to be', () => new Response(file.subarray(1))],
  ])('%s is neither played nor signed for %s', async (name, _, answer) => {
    const draft = naming(name);
    const asked = serve(given(draft, answer));
    me = { ...me, keys: [] };
    const { dialog } = await opened(draft);
    const notes = await dialog.findAllByRole('alert', { name: 'Tệp tiếng không đúng với lệnh: không ký' });
    expect(notes[0]).toHaveTextContent('Hãy báo ngay cho người quản trị');
    expect(dialog.queryByLabelText(/Nghe thử/)).not.toBeInTheDocument();
    expect(dialog.queryByRole('button', { name: /^(Giữ|Ký|Tạo khóa)/ })).not.toBeInTheDocument();
    expect(made).toEqual([]);
    expect(asked.some((a) => a.method === 'POST')).toBe(false);
  });

  it('says that it could not be had, and fetches it again', async () => {
    const draft = naming('bulletin.live');
    let there = false;
    serve(given(draft, () => (there ? new Response(file) : refuse(404, 'not-found'))));
    const { dialog } = await opened(draft);
    expect(await dialog.findByRole('alert', { name: 'Chưa nghe được tiếng sẽ phát' })).toHaveTextContent('không biết loa sẽ phát gì');
    expect(dialog.queryByLabelText(/Nghe thử/)).not.toBeInTheDocument();
    there = true;
    await userEvent.click(dialog.getByRole('button', { name: 'Thử lại' }));
    expect(await dialog.findByLabelText('Nghe thử: Tiếng Việt')).toBeInTheDocument();
  });

  it('is waited for by a bulletin, and not by an alert', async () => {
    const never = () => new Response(new ReadableStream());
    for (const [name, button, enabled] of [['bulletin.live', 'Ký và duyệt bản tin', false], ['alert.drill', 'Giữ để phát diễn tập', true]] as const) {
      me = { ...person, keys: [] };
      const draft = naming(name);
      serve(given(draft, never));
      const { dialog, unmount } = await opened(draft);
      await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
      const sign = await dialog.findByRole('button', { name: button });
      expect(dialog.getAllByText('Đang tải tiếng để nghe thử…').length).toBeGreaterThan(0);
      if (enabled) expect(sign).toBeEnabled();
      else expect(sign).toBeDisabled();
      unmount();
      vi.stubGlobal('indexedDB', new IDBFactory());
    }
  });

  it('says that this browser cannot play it', async () => {
    const draft = naming('bulletin.live');
    serve(given(draft, () => new Response(file)));
    const { dialog } = await opened(draft, 'en');
    fireEvent.error(await dialog.findByLabelText('Listen: Vietnamese'));
    expect(await dialog.findByText(/This browser cannot play the file/)).toBeInTheDocument();
  });
});

interface Written {
  revision: number;
  persons: { id: string; name: string; keys: unknown[] }[];
  rules: { threshold: number }[];
}

describe('a key set', () => {
  const draft = draftOf('keyset.live');
  const whole = JSON.parse(new TextDecoder().decode(fromBase64(draft.envelope.payload))) as Written;
  /** written is that key set, but for what is edited. */
  const written = (edit: (k: Written) => void): Draft => {
    const is = structuredClone(whole);
    edit(is);
    const payload = Buffer.from(JSON.stringify(is)).toString('base64');
    const hash = createHash('sha256').update(pae(draft.envelope.payloadType, fromBase64(payload))).digest('hex');
    return { ...draft, hash, envelope: { ...draft.envelope, payload } };
  };
  const without = (...ids: string[]) => (k: Written) => (k.persons = k.persons.filter((p) => !ids.includes(p.id)));
  const four = written((k) => {
    k.revision = 4;
    without('captain')(k);
  });
  /** inForce is a server that says that this is in force. */
  const inForce = (told: Draft | undefined, asked = draft) => ({
    ...answers(asked, { state: 'in-use', confirmed: false }),
    'GET /api/v1/orders': told ? [{ hash: told.hash }] : [],
    ...(told ? { [`GET /api/v1/orders/${told.hash}`]: { draft: told } } : {}),
  });
  const keep = (known: Draft, how: 'signed' | 'confirmed' = 'signed') => keepKeySet(person.id, known.envelope.payloadType, fromBase64(known.envelope.payload), how, '2026-11-20T03:00:00Z');
  const under = (dialog: ReturnType<typeof within>, label: string) => within(dialog.getByText(label).parentElement!);

  it('says that this browser cannot compare, where it keeps none', async () => {
    serve(inForce(four));
    const { dialog } = await opened(draft, 'vi');
    const note = await dialog.findByRole('alert', { name: 'Trình duyệt này không có gì để so sánh' });
    expect(note).toHaveTextContent('chỉ dựa vào bản 4 do máy chủ đưa ra');
    const changed = under(dialog, 'Người có thay đổi so với bản 4');
    expect(changed.getByText('Name of captain')).toBeInTheDocument();
    expect(changed.queryByText('Name of officer')).not.toBeInTheDocument();
    for (const all of dialog.getAllByRole('group')) if (/^Tất cả/.test(all.textContent)) expect(all).toHaveAttribute('open');
  });

  it('is compared with the one that this browser keeps', async () => {
    await keep(four);
    serve(inForce(four));
    const { dialog } = await opened(draft, 'en');
    expect(await dialog.findByText('The new key set is compared with revision 4, which you signed in this browser at 10:00 20/11/2026.')).toBeInTheDocument();
    expect(under(dialog, 'Persons changed since revision 4').getByText('Name of captain')).toBeInTheDocument();
    expect(dialog.queryByRole('alert', { name: /browser|key set/ })).not.toBeInTheDocument();
  });

  it('names what differs, where the server tells another', async () => {
    await keep(four, 'confirmed');
    const lie = written((k) => {
      without('officer')(k);
      k.rules[0]!.threshold = 7;
    });
    serve(inForce(lie));
    const { dialog } = await opened(draft, 'en');
    const note = await dialog.findByRole('alert', { name: /The server tells a key set \(revision \d+\) other than the one that this browser keeps \(revision 4\)/ });
    expect(note).toHaveTextContent('compared with revision 4, which you confirmed');
    expect(note).toHaveTextContent('Ask them before you sign');
    const gone = within(within(note).getByText('Persons taken out').parentElement!);
    expect(gone.getByText('Name of officer')).toBeInTheDocument();
    expect(within(note).getByText('Rules new or changed').parentElement).toHaveTextContent(': 7 persons of');
    // The new one is not compared with what the server tells: that would hide the captain.
    const changed = dialog.getAllByText('Persons changed since revision 4').map((l) => l.parentElement!);
    expect(changed).toHaveLength(2); // of what the server tells, and of the new one
    expect(changed.at(-1)).toHaveTextContent('Name of captain');
    expect(changed.at(-1)).not.toHaveTextContent('Name of officer');
  });

  it('says that the server may hide one, where it tells an older one', async () => {
    await keep(written((k) => (k.revision = 9)));
    serve(inForce(four));
    const { dialog } = await opened(draft, 'vi');
    expect(await dialog.findByRole('alert', { name: /khác với bộ khóa mà trình duyệt này giữ \(bản 9\)/ })).toHaveTextContent('cũng có thể máy chủ đang giấu bản ấy');
  });

  it('says that the server tells none, and compares all the same', async () => {
    await keep(four);
    serve(inForce(undefined));
    const { dialog } = await opened(draft, 'en');
    expect(await dialog.findByRole('alert', { name: 'The server does not tell which key set is in force' })).toBeInTheDocument();
    expect(under(dialog, 'Persons changed since revision 4').getByText('Name of captain')).toBeInTheDocument();
  });

  it('is compared with what the person confirms', async () => {
    serve(inForce(four));
    const { dialog } = await opened(draft, 'en');
    const confirm = await dialog.findByRole('button', { name: 'I compared the hash of revision 4 with another administrator' });
    expect(dialog.getByText(four.hash.match(/.{4}/g)!.join(' '))).toBeInTheDocument();
    await userEvent.click(confirm);
    expect(await dialog.findByText(/compared with revision 4, which you confirmed in this browser/)).toBeInTheDocument();
    expect(dialog.queryByRole('alert', { name: /browser|key set/ })).not.toBeInTheDocument();
  });

  it('is kept when it was signed, and what was before it as well', async () => {
    await keep(four);
    serve(inForce(four));
    const { dialog } = await opened(draft, 'vi');
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    await userEvent.click(await dialog.findByRole('button', { name: 'Ký bộ khóa mới' }));
    await waitFor(() => expect(onOrder).toHaveBeenCalled());
    const [again, next] = await Promise.all([knownKeySet(person.id, draft.hash), knownKeySet(person.id, 'f'.repeat(64))]);
    expect([again?.hash, next?.hash, next?.how]).toEqual([four.hash, draft.hash, 'signed']);
    expect(await knownKeySet('somebody-else', 'f'.repeat(64))).toBeUndefined();
  });

  it('is not kept when the server refused the signature', async () => {
    serve({ ...inForce(four), [`POST /api/v1/orders/${draft.hash}/signatures`]: () => refuse(403, 'not-authorised') });
    const { dialog } = await opened(draft, 'vi');
    await userEvent.click(await dialog.findByRole('button', { name: 'Tạo khóa ký' }));
    await userEvent.click(await dialog.findByRole('button', { name: 'Ký bộ khóa mới' }));
    expect(await dialog.findByText('Chữ ký của bạn không được tính cho lệnh này.')).toBeInTheDocument();
    expect(await knownKeySet(person.id, 'f'.repeat(64))).toBeUndefined();
  });
});
