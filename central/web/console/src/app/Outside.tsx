import { Outlet } from 'react-router';
import { Choices } from './Choices';
import { Mark } from './Mark';
import classes from './shell.module.css';

/** Outside is around the pages that need nobody to be signed in. */
export function Outside() {
  return (
    <div className={classes.outside}>
      <header className={classes.header}>
        <Mark />
        <div className={classes.grow} />
        <Choices />
      </header>
      <main className={classes.alone}>
        <Outlet />
      </main>
    </div>
  );
}
