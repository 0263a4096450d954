import 'i18next';
import type alerts from './vi/alerts.json';
import type bulletins from './vi/bulletins.json';
import type clusters from './vi/clusters.json';
import type common from './vi/common.json';
import type fates from './vi/fates.json';
import type home from './vi/home.json';
import type me from './vi/me.json';
import type people from './vi/people.json';
import type programmes from './vi/programmes.json';
import type shell from './vi/shell.json';
import type sign from './vi/sign.json';
import type signIn from './vi/signIn.json';
import type welcome from './vi/welcome.json';
import type words from './vi/words.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    returnNull: false;
    resources: {
      alerts: typeof alerts;
      bulletins: typeof bulletins;
      clusters: typeof clusters;
      common: typeof common;
      fates: typeof fates;
      home: typeof home;
      me: typeof me;
      people: typeof people;
      programmes: typeof programmes;
      shell: typeof shell;
      sign: typeof sign;
      signIn: typeof signIn;
      welcome: typeof welcome;
      words: typeof words;
    };
  }
}
