import { Button, Menu, Text, VisuallyHidden } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, NavLink, Outlet, ScrollRestoration, useLocation } from 'react-router';
import { api } from '@/api/client';
import { live, useSessionEnded } from '@/api/hooks';
import { meQuery, type Me } from '@/api/me';
import { isProblem } from '@/api/problem';
import { follow } from '@/api/queries';
import { SignProvider } from '@/sign/SignProvider';
import { Choices } from './Choices';
import { Heard } from './Heard';
import { Icon } from './icons';
import { Loading } from './Loading';
import { Mark } from './Mark';
import { placesOf, type Place } from './nav';
import { ProblemNote } from './ProblemNote';
import classes from './shell.module.css';

const SignInAgain = lazy(() => import('./SignInAgain'));

/** Shell is around every page of somebody who is signed in. */
export function Shell() {
  const { data: me, error, refetch } = useQuery(meQuery);
  const { pathname, search } = useLocation();
  if (!me) {
    if (isProblem(error) && error.status === 401) {
      const back = pathname + search;
      return <Navigate to={back === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(back)}`} replace />;
    }
    return <main className={classes.alone}>{error ? <ProblemNote error={error} onRetry={() => void refetch()} /> : <Loading />}</main>;
  }
  return <Inside me={me} />;
}

function Inside({ me }: { me: Me }) {
  const { t } = useTranslation(['shell', 'common']);
  const client = useQueryClient();
  const places = placesOf(me);
  const ended = useSessionEnded();
  useEffect(() => {
    const unfollow = follow(client, live);
    const hurry = () => live.hurry();
    live.start();
    window.addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    return () => {
      unfollow();
      live.stop();
      window.removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
    };
  }, [client]);
  return (
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        {t('skip')}
      </a>
      <header className={classes.header}>
        <Mark />
        <div className={classes.grow} />
        <Heard />
        <Choices />
        <Person me={me} />
      </header>
      <nav className={classes.side} aria-label={t('nav.label')}>
        {places.map((p) => (
          <Item key={p.key} place={p} />
        ))}
        {me.demo && (
          <Text size="xs" className={classes.demo}>
            {t('demo')}
          </Text>
        )}
      </nav>
      <main id="main" className={classes.main} tabIndex={-1}>
        <SignProvider>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </SignProvider>
      </main>
      <Bar places={places} />
      {ended && (
        <Suspense>
          <SignInAgain me={me} />
        </Suspense>
      )}
      <ScrollRestoration />
    </div>
  );
}

function Item({ place }: { place: Place }) {
  const { t } = useTranslation('shell');
  return (
    <NavLink to={place.to} end={place.to === '/'} className={classes.item}>
      <Icon name={place.icon} />
      <span>{t(`nav.${place.key}`)}</span>
    </NavLink>
  );
}

/** Bar is the way around on a phone: four places under the thumb, and the rest. */
function Bar({ places }: { places: Place[] }) {
  const { t } = useTranslation('shell');
  const [first, rest] = places.length > 5 ? [places.slice(0, 4), places.slice(4)] : [places, []];
  return (
    <nav className={classes.bar} aria-label={t('nav.label')}>
      {first.map((p) => (
        <Item key={p.key} place={p} />
      ))}
      {rest.length > 0 && (
        <Menu position="top-end" width={220}>
          <Menu.Target>
            <button type="button" className={classes.item}>
              <Icon name="more" />
              <span>{t('more')}</span>
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((p) => (
              <Menu.Item key={p.key} component={NavLink} to={p.to} leftSection={<Icon name={p.icon} />}>
                {t(`nav.${p.key}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </nav>
  );
}

function Person({ me }: { me: Me }) {
  const { t } = useTranslation(['shell', 'words']);
  const signOut = async () => {
    await api.delete('/session');
    window.location.assign('/sign-in'); // everything that was known of this person goes
  };
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Button variant="subtle" className={classes.onShell} px="xs" leftSection={<Icon name="me" />}>
          <span className={classes.name}>{me.name}</span>
          <VisuallyHidden>{t('nav.me')}</VisuallyHidden>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.name}
          <br />
          {[...new Set(me.roles.map((r) => t(`words:role.${r.name as 'officer'}`)))].join(', ')}
        </Menu.Label>
        <Menu.Item component={NavLink} to="/me" leftSection={<Icon name="key" />}>
          {t('nav.me')}
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>{t('signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
