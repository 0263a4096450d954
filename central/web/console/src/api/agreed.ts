// Faces that are agreed and that openapi.yaml does not describe yet. What it
// describes takes precedence; a face that landed is taken out here.

interface Op<Answer, Parameters = object, Body = undefined> {
  parameters: Parameters;
  requestBody: { content: { 'application/json': Body } };
  responses: { 200: { content: { 'application/json': Answer } } };
}
interface Ask<Answer, Parameters = object> {
  parameters: Parameters;
  responses: { 200: { content: { 'application/json': Answer } } };
}

export type Mode = 'live' | 'drill';

export interface AgreedSchemas {
  Welcome: {
    demo: boolean;
    first: boolean;
    version: string;
    people: { id: string; name: string; roles: { name: string; area: string }[] }[];
  };
  Invitation: { persons: { id: string; name: string }[]; first: boolean; provinces: { code: string; nameVi: string; nameEn?: string }[]; until: string };
  Me: {
    id: string;
    name: string;
    roles: { name: string; area: string }[];
    keys: { id: string; public: string; scheme: string; state: 'proposed' | 'in-use' | 'retired' | 'revoked'; confirmed: boolean; retired?: string }[];
    /** By action, the areas of the roles that allow it. */
    actions: Record<string, string[]>;
    signedInUntil?: string;
    demo: boolean;
  };
  Silence: { code: string; since?: string; params: Record<string, string> };
  Brief: {
    id: string;
    name: string;
    area: string;
    languages: string[];
    online: boolean;
    since?: string;
    seen?: string;
    onAir: { output: string; class: string; mode: Mode; subject: string; order: string; since: string }[];
    faults: { part: string; detail: string }[];
    silence?: AgreedSchemas['Silence'];
    enrolled: boolean;
  };
  Briefs: { at: string; clusters: AgreedSchemas['Brief'][] };
  TimelineEntry: {
    at: string;
    kind: 'order' | 'run' | 'offline' | 'online' | 'fault' | 'recovered' | 'due';
    order?: string;
    orderKind?: string;
    mode?: Mode;
    subject?: string;
    title?: string;
    occurrence?: string;
    fate?: string;
    verdict?: string;
    reason?: string;
    detail?: string;
    evidence?: unknown;
    started?: string;
    until?: string;
  };
  Timeline: { entries: AgreedSchemas['TimelineEntry'][] };
  Alarm: { cluster: string; name: string; area: string; code: string; since: string; params: Record<string, string> };
  AlertCounts: {
    targets: number;
    sent: number;
    accepted: number;
    sounding: number;
    heard: number;
    silent: number;
    unknown: number;
    refused: number;
    waiting: number;
  };
  Alert: {
    mode: Mode;
    id: string;
    hash: string;
    sequence: number;
    hazard: string;
    level: number;
    audience: string[];
    messages: { language: string; text: string }[];
    siren: { blasts: number; seconds: number; gap: number };
    phrase: string;
    raised?: string;
    until?: string;
    by: string;
    persons: string[];
    state: 'gathering' | 'active' | 'cancelled' | 'ended';
    lacks?: { reason: string; field?: string; detail: string };
    counts: AgreedSchemas['AlertCounts'];
  };
  AlertNow: AgreedSchemas['Alert'] & {
    communes: {
      code: string;
      nameVi: string;
      nameEn?: string;
      counts: AgreedSchemas['AlertCounts'];
      clusters: { id: string; name: string; state: string; verdict?: string; reason?: string; detail?: string }[];
    }[];
  };
  Schedule: {
    occurrences: {
      programme: string;
      title: string;
      class: string;
      area: string;
      start: string;
      end: string;
      order: number;
      late: number;
      bulletins: string[];
    }[];
  };
  Distribution: {
    targets: number;
    told: number;
    accepted: number;
    refused: number;
    waiting: number;
    clusters: { id: string; name: string; area: string; handling: string; reason?: string }[];
  };
  Station: { area: string; name: string };
}

type S = AgreedSchemas;
interface Person {
  id: string;
  name: string;
}

export interface AgreedPaths {
  '/api/v1/welcome': { get: Ask<S['Welcome']> };
  '/api/v1/invitations/look': { post: Op<S['Invitation'], object, { token: string }> };
  '/api/v1/invitations/accept': { post: Op<{ persons: string[] }, object, { token: string; password: string; person?: Person; province?: string }> };
  '/api/v1/session': { post: Op<S['Me'], object, { person: string; password: string }>; delete: Ask<object> };
  '/api/v1/me/password': { put: Op<object, object, { old: string; new: string }> };
  '/api/v1/me/keys': { post: Op<S['Me']['keys'][number], object, { id: string; scheme: 'ed25519'; public: string }> };
  '/api/v1/persons/{id}/keys/{key}/confirm': { post: Ask<S['Me']['keys'][number], { path: { id: string; key: string } }> };
  '/api/v1/persons/{id}/invitations': { post: Ask<{ token: string; until: string }, { path: { id: string } }> };
  '/api/v1/stations': { get: Ask<S['Station'][]> };
  '/api/v1/clusters/brief': { get: Ask<S['Briefs'], { query?: { area?: string } }> };
  '/api/v1/clusters/{id}/timeline': {
    get: Ask<S['Timeline'], { path: { id: string }; query?: { from?: string; until?: string; limit?: number } }>;
  };
  '/api/v1/alarms': { get: Ask<S['Alarm'][]> };
  '/api/v1/alerts': { get: Ask<S['Alert'][], { query?: { state?: 'active' | 'ended' | 'all'; limit?: number } }> };
  '/api/v1/alerts/{mode}/{id}': { get: Ask<S['AlertNow'], { path: { mode: Mode; id: string } }> };
  '/api/v1/schedule': { get: Ask<S['Schedule'], { query?: { area?: string; from?: string; days?: number } }> };
  '/api/v1/bulletins/{id}/distribution': { get: Ask<S['Distribution'], { path: { id: string } }> };
}
