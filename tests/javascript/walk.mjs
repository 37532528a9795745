// Walks the official JavaScript client, unchanged, through a deployment that the environment names:
//
//   node walk.mjs PART
//
// Says nothing when all is as it should be; an assertion or an error of the client ends it otherwise.

import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import taskcluster from 'taskcluster-client';

const { rootUrl, credentials } = taskcluster.fromEnvVars();
const service = (name, other = {}) => new taskcluster[name]({ rootUrl, credentials, ...other });
const queue = service('Queue');

const task = (changes = {}) => ({
  provisionerId: 'proj-walk',
  workerType: 'ci',
  created: taskcluster.fromNowJSON(),
  deadline: taskcluster.fromNowJSON('1 hour'),
  payload: {},
  metadata: { name: 'walk', description: 'one step', owner: 'walk@example.com', source: 'https://example.com/walk' },
  ...changes,
});

const readable = data => Readable.from(data.length ? [data] : []);

function collected() {
  const pieces = [];
  const stream = new Writable({
    write(piece, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  return { stream, data: () => Buffer.concat(pieces) };
}

async function claim(workerType) {
  const work = { workerGroup: 'walk', workerId: 'one', tasks: 1 };
  const { tasks } = await queue.claimWork(`proj-walk/${workerType}`, work);
  assert.equal(tasks.length, 1);
  return { ...tasks[0], asTask: new taskcluster.Queue({ rootUrl, credentials: tasks[0].credentials }) };
}

const parts = {
  // A task from creation to artifacts of both storages, all with the task's own credentials.
  async task() {
    const taskId = taskcluster.slugid();
    const created = await queue.createTask(taskId, task({ workerType: 'whole' }));
    assert.equal(created.status.state, 'pending');
    const { runId, asTask } = await claim('whole');
    const data = Buffer.from('what a task leaves behind');
    const expires = taskcluster.fromNowJSON('30 minutes');
    const s3 = { storageType: 's3', expires, contentType: 'text/plain' };
    const { putUrl } = await asTask.createArtifact(taskId, runId, 'public/s3.txt', s3);
    const put = await fetch(putUrl, { method: 'PUT', body: data, headers: { 'content-type': 'text/plain' } });
    assert.equal(put.status, 200);
    const kind = { storageType: 'object', expires, contentType: 'text/plain' };
    const made = await asTask.createArtifact(taskId, runId, 'public/object.txt', kind);
    const object = new taskcluster.Object({ rootUrl, credentials: made.credentials });
    await taskcluster.upload({
      ...made, object, contentType: 'text/plain', contentLength: data.length, streamFactory: async () => readable(data),
    });
    await asTask.finishArtifact(taskId, runId, 'public/object.txt', { uploadId: made.uploadId });
    assert.equal((await asTask.reportCompleted(taskId, runId)).status.state, 'completed');
    for (const name of ['public/s3.txt', 'public/object.txt']) {
      const target = collected();
      await taskcluster.downloadArtifact({ taskId, runId, name, queue, streamFactory: async () => target.stream });
      assert.deepEqual(target.data(), data);
    }
    const { artifacts } = await queue.listLatestArtifacts(taskId);
    assert.deepEqual(artifacts.map(each => each.name), ['public/object.txt', 'public/s3.txt']);
  },

  // A task that a worker beside the sandbox runs: its log and its artifact.
  async worker() {
    const taskId = taskcluster.slugid();
    const command = [['sh', '-c', 'echo walking; echo done > result.txt']];
    const artifacts = [{ name: 'public/result.txt', path: 'result.txt', type: 'file' }];
    await queue.createTask(taskId, task({ workerType: 'worker', payload: { command, artifacts, maxRunTime: 60 } }));
    const until = Date.now() + 60_000;
    while ((await queue.status(taskId)).status.state !== 'completed') {
      assert.ok(Date.now() < until);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    for (const [name, text] of [['public/result.txt', 'done\n'], ['public/logs/live_backing.log', 'walking']]) {
      const target = collected();
      await taskcluster.downloadArtifact({ taskId, name, queue, streamFactory: async () => target.stream });
      assert.ok(target.data().toString().includes(text));
    }
  },

  // A task that fails, is run again, and completes then.
  async rerun() {
    const taskId = taskcluster.slugid();
    await queue.createTask(taskId, task({ workerType: 'again' }));
    const first = await claim('again');
    assert.equal((await first.asTask.reportFailed(taskId, first.runId)).status.state, 'failed');
    assert.equal((await queue.rerunTask(taskId)).status.state, 'pending');
    const second = await claim('again');
    assert.equal(second.runId, 1);
    assert.equal((await second.asTask.reportCompleted(taskId, second.runId)).status.state, 'completed');
    assert.deepEqual((await queue.status(taskId)).status.runs.map(run => run.state), ['failed', 'completed']);
  },

  // A group of 3,000: a root, and all others waiting for it.
  async group() {
    const taskGroupId = taskcluster.slugid();
    await queue.createTask(taskGroupId, task({ workerType: 'group', taskGroupId, schedulerId: 'walk' }));
    const others = Array.from({ length: 2999 }, () => taskcluster.slugid());
    const dependencies = [taskGroupId];
    const waiting = task({ workerType: 'group', taskGroupId, schedulerId: 'walk', dependencies });
    for (let start = 0; start < others.length; start += 50) {
      await Promise.all(others.slice(start, start + 50).map(taskId => queue.createTask(taskId, waiting)));
    }
    assert.equal((await queue.status(others[0])).status.state, 'unscheduled');
    const { runId, asTask } = await claim('group');
    await asTask.reportCompleted(taskGroupId, runId);
    const seen = new Set();
    let query = {};
    do {
      const page = await queue.listTaskGroup(taskGroupId, query);
      page.tasks.forEach(each => seen.add(each.status.taskId));
      query = { continuationToken: page.continuationToken };
    } while (query.continuationToken);
    assert.equal(seen.size, 3000);
    assert.equal((await queue.status(others[2998])).status.state, 'pending');
  },

  // Objects by both methods: inline below 8 KiB, by URL above.
  async object() {
    const object = service('Object');
    for (const length of [0, 100, 100_000]) {
      const name = `walk/${length}`;
      const data = Buffer.alloc(length, 'walk');
      const expires = taskcluster.fromNowJSON('1 hour');
      const what = { projectId: 'walk', name, contentType: 'text/plain', contentLength: length, expires };
      await taskcluster.upload({ ...what, object, streamFactory: async () => readable(data) });
      const target = collected();
      await taskcluster.download({ name, object, streamFactory: async () => target.stream });
      assert.deepEqual(target.data(), data);
    }
  },

  // Index paths, put in and by routes of tasks.
  async index() {
    const index = service('Index');
    const taskId = taskcluster.slugid();
    const entry = { taskId, rank: 1, data: { by: 'hand' }, expires: taskcluster.fromNowJSON('1 day') };
    await index.insertTask('walk.by-hand.latest', entry);
    assert.equal((await index.findTask('walk.by-hand.latest')).taskId, taskId);
    const routed = taskcluster.slugid();
    await queue.createTask(routed, task({ workerType: 'index', routes: ['index.walk.by-route.latest'] }));
    const { runId, asTask } = await claim('index');
    await asTask.reportCompleted(routed, runId);
    assert.equal((await index.findTask('walk.by-route.latest')).taskId, routed);
    const { namespaces } = await index.listNamespaces('walk', {});
    assert.deepEqual(namespaces.map(each => each.name), ['by-hand', 'by-route']);
    await assert.rejects(index.findTask('walk.nowhere'), error => error.statusCode === 404);
  },

  // A hook that is triggered, and the task that comes of it.
  async hook() {
    const hooks = service('Hooks');
    const { created: _created, deadline: _deadline, ...template } = task({ workerType: 'hook' });
    const definition = {
      metadata: { name: 'walk', description: 'a step', owner: 'walk@example.com', emailOnError: false },
      schedule: [],
      task: { ...template, created: { $fromNow: '0 seconds' }, deadline: { $fromNow: '1 hour' } },
      triggerSchema: { type: 'object', properties: { word: { type: 'string' } }, additionalProperties: false },
    };
    definition.task.payload = { word: { $eval: 'payload.word' } };
    const scopes = ['queue:create-task:lowest:proj-walk/hook', 'queue:create-task:project:none', 'queue:scheduler-id:-'];
    await service('Auth').createRole('hook-id:walk/step', { description: 'what the hook may do', scopes });
    await hooks.createHook('walk', 'step', definition);
    const { taskId } = await hooks.triggerHook('walk', 'step', { word: 'go' });
    assert.equal((await queue.status(taskId)).status.state, 'pending');
    assert.deepEqual((await queue.task(taskId)).payload, { word: 'go' });
    await assert.rejects(hooks.triggerHook('walk', 'step', { other: 1 }), error => error.statusCode === 400);
  },

  // A task's temporary credentials create another task, and nothing that they may not.
  async credentials() {
    const taskId = taskcluster.slugid();
    const scopes = ['queue:create-task:lowest:proj-walk/child', 'queue:create-task:project:none', 'queue:scheduler-id:-'];
    await queue.createTask(taskId, task({ workerType: 'parent', scopes }));
    const { asTask } = await claim('parent');
    const child = taskcluster.slugid();
    assert.equal((await asTask.createTask(child, task({ workerType: 'child' }))).status.state, 'pending');
    const forbidden = asTask.createTask(taskcluster.slugid(), task({ workerType: 'other' }));
    await assert.rejects(forbidden, error => error.statusCode === 403 && error.code === 'InsufficientScopes');
    const start = new Date();
    const issued = taskcluster.createTemporaryCredentials({
      scopes: ['secrets:get:walk'], start, expiry: taskcluster.fromNow('1 hour'), clientId: 'walk/temp', credentials,
    });
    const secrets = service('Secrets');
    await secrets.set('walk', { secret: { step: 1 }, expires: taskcluster.fromNowJSON('1 hour') });
    const limited = new taskcluster.Secrets({ rootUrl, credentials: issued });
    assert.deepEqual((await limited.get('walk')).secret, { step: 1 });
    const url = secrets.buildSignedUrl(secrets.get, 'walk', { expiration: 60 });
    assert.equal((await fetch(url)).status, 200);
    const who = await taskcluster.credentialInformation(rootUrl, issued);
    assert.equal(who.clientId, 'walk/temp');
    assert.equal(who.active, true);
  },
};

parts[process.argv[2]]().then(
  () => process.exit(0),
  error => {
    console.error(error);
    process.exit(1);
  },
);
