import { openFaultyPath } from '@signet/testing';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listenForWakes } from './wake-listener.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const listen = (onWake: () => void, url = database.urlOf('signet_portal')) =>
  listenForWakes(url, {
    channel: 'signet_test',
    onWake,
    applicationName: 'wakes',
  });
const connections = () => database.query("select pid from pg_stat_activity where application_name = 'wakes'");

describe('a wake listener', () => {
  it('wakes when it listens, at each notification, and again after its connection was lost', async () => {
    const onWake = vi.fn();
    const listener = listen(onWake);
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(1), 30_000);
    await database.query("select pg_notify('signet_test', '')");
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(2), 30_000);
    await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'wakes'",
    );
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(3), 30_000);
    await database.query("select pg_notify('signet_test', '')");
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(4), 30_000);
    await listener.stop();
    await vi.waitFor(async () => expect(await connections()).toEqual([]), 30_000);
  });

  it('listens again after an answer that cannot be read', async () => {
    const path = await openFaultyPath(database.adminUrl);
    const onWake = vi.fn();
    const listener = listen(onWake, path.urlOf(database.urlOf('signet_portal')));
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(1), 30_000);
    path.fault = 'garble';
    await database.query("select pg_notify('signet_test', '')");
    await vi.waitFor(async () => expect(await connections()).toEqual([]), 30_000);
    path.fault = 'none';
    await vi.waitFor(() => expect(onWake).toHaveBeenCalledTimes(2), 30_000);
    await listener.stop();
    await path.close();
  });

  it('stops while its server can not be reached', async () => {
    const onWake = vi.fn();
    const listener = listenForWakes('postgres://x@127.0.0.1:1/none', {
      channel: 'signet_test',
      onWake,
      applicationName: 'wakes',
    });
    await listener.stop();
    expect(onWake).not.toHaveBeenCalled();
  });
});
