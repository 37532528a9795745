# Completion of tc in PowerShell, generated: a change to this file is lost.
#
#   tc completions powershell | Out-String | Invoke-Expression

# Path of a group: what may come next.
$global:TaskclusterTcWords = @{}
$TaskclusterTcWords['/'] = @(
    'auth	Clients, roles, scopes'
    'github	GitHub builds: statuses, comments, cancellation'
    'hooks	Task templates fired by a schedule, a call or a message'
    'index	Tasks and their artifacts by a readable path'
    'notify	Email, Matrix, Slack and Pulse messages'
    'object	Large files with an expiry: upload, download, metadata'
    'purge-cache	Requests that workers delete caches'
    'queue	Tasks, their runs, artifacts and workers'
    'secrets	Small secrets under a name, protected by scopes'
    'web-server	Firefox Profiler profiles of tasks and task groups'
    'worker-manager	Worker pools, launch configs, workers and their errors'
)
$TaskclusterTcWords[''] = @(
    'batch	Make many calls, from lines of stdin'
    'completions	Print completion scripts for bash, zsh, fish and PowerShell'
    'config	Print and change the configuration file of the Go client,…'
    'download	Download an artifact or an object, complete and verified'
    'download-artifact	Download an artifact, complete and verified'
    'download-object	Download an object, complete and verified'
    'events	List the events of services, and print how to bind to them'
    'exec	Run a command with the account''s variables and with values of secrets'
    'find	Find methods, commands and help by what they are about'
    'from-now	Print a timestamp relative to now'
    'group	Print the tasks of a group and their states, or cancel them'
    'help	Print the help of a topic, a command, a service or a method'
    'open	Open the page of a task, a group, a hook, a worker or a pool in a…'
    'profile	List, show and change the profiles, which have root URLs,…'
    'references	Fetch and compare the API references of a deployment'
    'sandbox	Run a Taskcluster deployment on this machine'
    'schema	Print the JSON schema of a method''s payload or response'
    'scopes	Show which scopes a call needs, and whether you have them'
    'signed-url	Print a URL that anyone can fetch until it expires'
    'signin	Sign in with a browser and set the credentials in the shell, or in a…'
    'signout	Forget the credentials of a profile or of the shell, and delete…'
    'skeleton	Print an example payload for a method'
    'slugid	Generate slugids, and convert them to UUIDs and back'
    'task	Look at a task and its log, create one, run it again, or cancel it'
    'temp-credentials	Issue temporary credentials with the scopes you give'
    'update	Print the command that updates tc'
    'upload	Upload an artifact or an object'
    'upload-artifact	Upload an artifact'
    'upload-object	Upload an object'
    'url	Print the URL of an API call'
    'validate	Check a payload against a method''s schema, without sending it'
    'validate-json	Check a JSON or YAML document against a JSON schema'
    'version	Print the version of tc, or of the deployment'
    'whoami	Show the credentials in use, where they come from, when they end,…'
    'api	Call a method: tc api queue task is the same as tc queue task'
    'auth	Clients, roles, scopes'
    'github	GitHub builds: statuses, comments, cancellation'
    'hooks	Task templates fired by a schedule, a call or a message'
    'index	Tasks and their artifacts by a readable path'
    'notify	Email, Matrix, Slack and Pulse messages'
    'object	Large files with an expiry: upload, download, metadata'
    'purge-cache	Requests that workers delete caches'
    'queue	Tasks, their runs, artifacts and workers'
    'secrets	Small secrets under a name, protected by scopes'
    'web-server	Firefox Profiler profiles of tasks and task groups'
    'worker-manager	Worker pools, launch configs, workers and their errors'
)
$TaskclusterTcWords['config'] = @(
    'get	Print values of the configuration, or one of them'
    'help	Describe the keys of the configuration'
    'reset	Remove values from the configuration'
    'set	Set a value of the configuration'
)
$TaskclusterTcWords['download'] = @(
    'artifact	Download an artifact of a task, or all that match a pattern'
    'object	Download an object'
)
$TaskclusterTcWords['events'] = @(
    'bind	Print the exchange and the routing-key pattern for an event'
    'list	List services, exchanges and their routing keys'
)
$TaskclusterTcWords['group'] = @(
    'artifacts	Print the artifacts of the tasks of a group'
    'cancel	Cancel the tasks of a group'
    'download	Download artifacts of the tasks of a group'
    'failures	Print why the tasks of a group failed, those that failed alike…'
    'list	Print the tasks of a group'
    'logs	Print the logs of tasks of a group'
    'prioritize	Change the priority of the tasks of a group'
    'rerun	Run tasks of a group again'
    'seal	Seal a group, so that no task can be added to it'
    'status	Print how many tasks of a group are in each state'
    'wait	Wait until a group is settled, and print each task as it ends'
    'watch	Watch a group until it is settled'
)
$TaskclusterTcWords['profile'] = @(
    'edit	Open the file of profiles in an editor'
    'list	List the profiles'
    'path	Print the path of the file of profiles'
    'remove	Remove profiles'
    'set	Set keys of a profile, or create one'
    'show	Show a profile'
    'unset	Remove keys of a profile'
    'use	Make a profile the default'
)
$TaskclusterTcWords['references'] = @(
    'diff	Compare the references of the deployment with the built-in ones'
    'distill	Convert published references to the files of tccli/references'
    'update	Fetch the references of the deployment and use them'
)
$TaskclusterTcWords['sandbox'] = @(
    'calls	Print the requests that a sandbox received'
    'clock	Print or move a sandbox''s time'
    'methods	List the methods that the sandbox implements'
    'outbox	Print the messages of notify'
    'run	Run a command with a new sandbox'
    'start	Run a sandbox until Ctrl-C'
    'stop	Stop a sandbox that runs in the background'
    'tour	Watch a first session'
)
$TaskclusterTcWords['scopes'] = @(
    'check	Check whether your credentials are enough for a call'
    'expand	Expand the roles among scopes'
    'required	Print which scopes a call needs'
    'satisfied	Check whether scopes satisfy others'
)
$TaskclusterTcWords['signedurl'] = @(
    'artifact	Print a URL by which anyone can fetch an artifact until it expires'
)
$TaskclusterTcWords['slugid'] = @(
    'decode	Print the UUID of a slugid'
    'encode	Print the slugid of a UUID'
    'generate	Print a new slugid'
)
$TaskclusterTcWords['task'] = @(
    'artifacts	Print the names of the artifacts of a task'
    'cancel	Cancel tasks'
    'complete	Complete a task, as its worker would'
    'def	Print the definition of a task'
    'group	Print the id of the group of a task'
    'list	Print the pending and running tasks of a task queue'
    'log	Print the log of a task, to its end'
    'name	Print the name of a task'
    'prioritize	Change the priority of tasks'
    'rerun	Run tasks again, under the same ids'
    'retrigger	Create a task with the definition of another one'
    'run	Create a task that runs a command in an image'
    'status	Print the state of a task, and why it was resolved'
    'wait	Wait until tasks are completed, and print each as it ends'
    'why	Explain why a task is pending, unscheduled, still running, failed or…'
)
$TaskclusterTcWords['upload'] = @(
    'artifact	Upload a file as an artifact of a run'
    'object	Upload a file as an object'
)
$TaskclusterTcWords['url'] = @(
    'artifact	Print the URL of an artifact'
)
$TaskclusterTcWords['auth'] = @(
    'authenticateHawk	Check the signature of a request'
    'awsS3Credentials	Issue AWS keys for one prefix of an S3 bucket, valid for an hour'
    'client	Show one client: its scopes, expiry and whether it is disabled'
    'createClient	Create a client and show its access token'
    'createRole	Create a role that grants a set of scopes'
    'currentScopes	Show the scopes of the credentials in use, with roles expanded'
    'deleteClient	Delete a client'
    'deleteRole	Delete a role'
    'disableClient	Disable a client without deleting it'
    'enableClient	Enable a disabled client again'
    'expandScopes	Expand the scopes you give by the roles they assume'
    'gcpCredentials	Issue an access token for a Google Cloud service account'
    'getEntityHistory	List who changed one client, role, secret, hook or pool, and when'
    'githubRepoToken	Issue a GitHub app token limited to some repositories'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listAuditHistory	List what one client did to clients, roles, secrets, hooks, pools'
    'listClients	List clients with their scopes, optionally by clientId prefix'
    'listRoleIds	List the names of all roles, without their scopes'
    'listRoles	List all roles with their scopes as one array, without pages'
    'listRoles2	List roles with their scopes'
    'ping	Check that the service responds'
    'resetAccessToken	Replace a client''s access token and show the new one'
    'role	Show one role and the scopes it expands to'
    'sentryDSN	Issue a Sentry DSN'
    'testAuthenticate	Test the request signing of a client library'
    'testAuthenticateGet	Test the signed URLs (bewit) of a client library'
    'updateClient	Change a client''s scopes, description or expiry'
    'updateRole	Replace a role''s scopes and description'
    'version	Show which release of the service is deployed'
    'websocktunnelToken	Issue a token for connecting to a websocktunnel server'
)
$TaskclusterTcWords['github'] = @(
    'badge	Return an SVG badge with the state of a branch'
    'builds	List builds by organization, repository, commit or pull request'
    'cancelBuilds	Cancel all pending builds of a repository, commit or pull request'
    'createComment	Comment on an issue or pull request as the GitHub app'
    'createStatus	Set a status on a commit as the GitHub app'
    'heartbeat	Check the health of the service (for operators)'
    'latest	Print the URL of the page for a branch''s newest commit'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'ping	Check that the service responds'
    'renderTaskclusterYml	Preview the tasks that a .taskcluster.yml creates for an event'
    'repository	Show whether the GitHub app is installed for a repository'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['hooks'] = @(
    'createHook	Create a hook'
    'getHookStatus	Deprecated, use listLastFires: show the last and the next fire'
    'getTriggerToken	Show the token that triggers a hook without credentials'
    'heartbeat	Check the health of the service (for operators)'
    'hook	Show a hook: task template, schedule, bindings, trigger schema'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listHookGroups	List the groups that have hooks'
    'listHooks	List the definitions of one group''s hooks'
    'listLastFires	List the last fires of a hook, with their tasks and errors'
    'ping	Check that the service responds'
    'removeHook	Delete a hook'
    'resetTriggerToken	Replace a hook''s trigger token'
    'triggerHook	Trigger a hook with a payload'
    'triggerHookWithToken	Trigger a hook with a payload and its token, without credentials'
    'updateHook	Replace the definition of a hook'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['index'] = @(
    'deleteTask	Delete one entry of the index'
    'findArtifactFromTask	Print the URL of an artifact of the task at an index path'
    'findTask	Show the entry at one exact index path, with its taskId'
    'findTasksAtIndex	Find the entries at many exact index paths at once'
    'heartbeat	Check the health of the service (for operators)'
    'insertTask	Set the task at an index path, unless a higher rank exists'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listNamespaces	List the namespaces one level below a namespace'
    'listTasks	List the entries directly in a namespace'
    'ping	Check that the service responds'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['notify'] = @(
    'addDenylistAddress	Add an address to the denylist: no messages are sent to it'
    'deleteDenylistAddress	Delete an address from the denylist'
    'email	Send a Markdown message by email to one address'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listDenylist	List the addresses on the denylist'
    'matrix	Send a message to a Matrix room'
    'ping	Check that the service responds'
    'pulse	Publish a Pulse message with a routing key'
    'slack	Send a message to a Slack channel'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['object'] = @(
    'createUpload	Start an upload and return where to send the data'
    'download	Print the URL of an object''s data, for curl or a browser'
    'finishUpload	Finish an upload'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'object	Show an object''s project, expiry and hashes, not its data'
    'ping	Check that the service responds'
    'startDownload	Return the URL and the hashes of an object, to verify and resume'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['purgecache'] = @(
    'allPurgeRequests	List the purge requests of all worker pools (for administrators)'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'ping	Check that the service responds'
    'purgeCache	Create a purge request: workers of a pool delete a cache'
    'purgeRequests	List the purge requests of one worker pool (for workers)'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['queue'] = @(
    'artifact	Show where an artifact of one run is stored, links followed'
    'artifactInfo	Show type and expiry of an artifact of one run'
    'cancelTask	Cancel a task that is not resolved'
    'cancelTaskGroup	Cancel all unresolved tasks of a sealed task group'
    'changeTaskGroupPriority	Change the priority of a group''s tasks that were never resolved'
    'changeTaskPriority	Change the priority of a task that was never resolved'
    'claimTask	Deprecated, use claimWork: claim one run of a task'
    'claimWork	Claim pending runs of a task queue, or wait for them (workers)'
    'createArtifact	Add an artifact to a run and get where to upload it (workers)'
    'createTask	Create a task with a taskId of your choice'
    'declareWorker	Declare a worker to the queue, or extend its expiry'
    'finishArtifact	Mark an object artifact as uploaded (workers)'
    'getArtifact	Redirect to an artifact''s content in one run, for curl or a browser'
    'getLatestArtifact	Redirect to an artifact''s content in the latest run'
    'getProvisioner	Deprecated: show one provisioner'
    'getTaskGroup	Show when a task group expires and was sealed, not its tasks'
    'getTaskQueue	Show when workers last asked a task queue for work'
    'getWorker	Deprecated, use worker-manager getWorker: show one worker'
    'getWorkerType	Deprecated, use getTaskQueue: show one worker type'
    'heartbeat	Check the health of the service (for operators)'
    'latestArtifact	Show where an artifact of the latest run is stored'
    'latestArtifactInfo	Show type and expiry of an artifact of the latest run'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listArtifacts	List the artifacts of one run'
    'listClaimedTasks	List the claimed tasks of a task queue, oldest claim first'
    'listDependentTasks	List the tasks that depend on a task'
    'listLatestArtifacts	List the artifacts of a task''s latest run'
    'listPendingTasks	List the pending tasks of a task queue, oldest first'
    'listProvisioners	Deprecated: list recently active provisioners'
    'listTaskGroup	List the tasks of a task group, each with its status'
    'listTaskQueues	List the task queues that workers asked for work in the last day'
    'listWorkerTypes	Deprecated, use listTaskQueues: list a provisioner''s worker types'
    'listWorkers	Deprecated, use worker-manager listWorkers: list workers'
    'pendingTasks	Deprecated, use taskQueueCounts: count a queue''s pending tasks'
    'ping	Check that the service responds'
    'quarantineWorker	Stop a worker from claiming tasks until a given time'
    'reclaimTask	Extend the claim on a run and renew its credentials (workers)'
    'reportCompleted	Resolve a run as completed (workers)'
    'reportException	Resolve a run as exception, perhaps with a retry (workers)'
    'reportFailed	Resolve a run as failed because its commands failed (workers)'
    'rerunTask	Run a resolved task again, with its retries reset'
    'scheduleTask	Make a task pending now, without waiting for its dependencies'
    'sealTaskGroup	Close a task group to new tasks, irreversibly'
    'status	Show a task''s state and runs, not its definition'
    'statuses	Show the states and runs of many tasks'
    'task	Show a task''s definition (payload, scopes), not its state'
    'taskQueueCounts	Count the pending and the claimed runs of a task queue'
    'taskQueueCountsBatch	Count the pending and the claimed runs of many task queues'
    'tasks	Show the definitions of many tasks'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['secrets'] = @(
    'get	Show a secret''s value and expiry'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'list	List the names of secrets, without their values'
    'ping	Check that the service responds'
    'remove	Delete a secret'
    'set	Create a secret, or replace the one of that name'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['webserver'] = @(
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'ping	Check that the service responds'
    'taskGroupProfile	Create a Firefox Profiler profile of a task group''s timing'
    'taskProfile	Create a Firefox Profiler profile of a resolved task''s log'
    'version	Show which release of the service is deployed'
)
$TaskclusterTcWords['workermanager'] = @(
    'createWorker	Add a worker to a pool with a static provider'
    'createWorkerPool	Create a worker pool'
    'deleteWorkerPool	Delete a worker pool once its workers are gone'
    'getWorker	Show a worker as the queue knows it: recent tasks, quarantine'
    'heartbeat	Check the health of the service (for operators)'
    'lbheartbeat	Check that the process accepts requests (for load balancers)'
    'listProviders	List the providers that a worker pool can use'
    'listWorkerPoolErrors	List the errors of a worker pool, newest first'
    'listWorkerPoolLaunchConfigs	List a pool''s launch configs, archived ones on request'
    'listWorkerPools	List the worker pools with their definitions'
    'listWorkerPoolsStats	List the worker counts and capacity of every worker pool'
    'listWorkers	List the workers of a pool that claim work, and quarantined ones'
    'listWorkersForWorkerGroup	List a pool''s workers in one worker group, as provisioned'
    'listWorkersForWorkerPool	List a pool''s workers as provisioned, newest first'
    'ping	Check that the service responds'
    'registerWorker	Register a started worker and get its credentials (workers)'
    'removeWorker	Ask the provider to stop a worker'
    'reportWorkerError	Add an error to a worker pool''s list (workers)'
    'reregisterWorker	Renew the credentials and the lifetime of a worker (workers)'
    'shouldWorkerTerminate	Show whether a worker should stop, and why'
    'updateWorker	Change expiry, capacity and secret of a static worker'
    'updateWorkerPool	Replace the definition of a worker pool'
    'version	Show which release of the service is deployed'
    'worker	Show a worker as provisioned: state, capacity, expiry'
    'workerPool	Show the definition and the worker counts of a worker pool'
    'workerPoolErrorStats	Count the stored errors of one or all pools'
    'workerPoolStats	Show a pool''s worker counts and capacity by launch config'
)

# Service: its exchanges.
$global:TaskclusterTcExchanges = @{}
$TaskclusterTcExchanges['auth'] = @(
    'clientCreated	A client was created'
    'clientUpdated	A client was changed'
    'clientDeleted	A client was deleted'
    'roleCreated	A role was created'
    'roleUpdated	A role was changed'
    'roleDeleted	A role was deleted'
)
$TaskclusterTcExchanges['github'] = @(
    'pullRequest	A pull request changed, or was commented on'
    'push	Commits or a tag were pushed to a GitHub repository'
    'taskclusterYmlUpdate	A push changed a repository''s .taskcluster.yml'
    'release	A release was published or changed on GitHub'
    'rerun	A new run of a check was requested on GitHub'
    'taskGroupCreationRequested	The tasks of a GitHub build were sent to the queue'
)
$TaskclusterTcExchanges['hooks'] = @(
    'hookCreated	A hook with Pulse bindings was added'
    'hookUpdated	A hook with Pulse bindings was changed'
    'hookDeleted	A hook with Pulse bindings was removed'
)
$TaskclusterTcExchanges['notify'] = @(
    'notify	A message sent by notify.pulse, or for a task that was resolved'
)
$TaskclusterTcExchanges['queue'] = @(
    'taskDefined	A task was created, perhaps still waiting for dependencies'
    'taskPending	A task became pending, ready for a worker'
    'taskRunning	A run of a task started on a worker'
    'artifactCreated	An artifact was added to a run, perhaps not yet uploaded'
    'taskCompleted	A task succeeded'
    'taskFailed	A task ran, and its own commands failed'
    'taskException	A task was cancelled, expired, malformed or lost its workers'
    'taskGroupResolved	A task group has nothing unresolved left (may recur)'
    'taskGroupSealed	A task group was closed to new tasks'
    'taskPriorityChanged	One task got another priority'
    'taskGroupPriorityChanged	The tasks of a task group got another priority'
)
$TaskclusterTcExchanges['workermanager'] = @(
    'workerPoolCreated	A worker pool was added'
    'workerPoolUpdated	A worker pool was changed'
    'workerPoolError	A worker or the provisioning of a pool met an error'
    'workerRequested	A new worker was asked for from its provider'
    'workerRunning	A worker registered and can claim work'
    'workerStopped	A worker''s instance ended or was shut down'
    'workerRemoved	A worker was told to go, with the reason why'
    'launchConfigCreated	A worker pool got a new launch config'
    'launchConfigUpdated	A worker pool''s launch config was changed'
    'launchConfigArchived	A worker pool''s launch config was retired'
)

$global:TaskclusterTcTopics = @('credentials	where credentials come from, which ones are used, and how to restrict them', 'environment	the environment variables that tc reads', 'exit-codes	what the exit code of tc means', 'formats	the output formats, and how to select parts of a response', 'in-ci	how to use tc in a Taskcluster task, in another CI, and in scripts', 'scopes	what scopes mean, what a call needs, and why it was denied', 'times	how to write timestamps and durations')

# Path of a command: the kinds of its arguments; + for a group.
$global:TaskclusterTcPlaces = @{}
'/', '', 'config', 'download', 'events', 'group', 'profile', 'references', 'sandbox', 'scopes', 'signedurl', 'slugid', 'task', 'upload', 'url', 'api', 'auth', 'github', 'hooks', 'index', 'notify', 'object', 'purgecache', 'queue', 'secrets', 'webserver', 'workermanager' | ForEach-Object { $TaskclusterTcPlaces[$_] = '+' }
'batch', 'scopes check', 'scopes required' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'service method argument ...' }
$TaskclusterTcPlaces['completions'] = '=bash,zsh,fish,powershell file ...'
'config get', 'config help', 'config reset', 'profile show', 'profile use', 'signout', 'slugid decode', 'slugid encode', 'task list', 'auth sentrydsn', 'object createupload', 'object download', 'object finishupload', 'object object', 'object startdownload' | ForEach-Object { $TaskclusterTcPlaces[$_] = '-' }
'config set', 'open', 'auth gcpcredentials', 'auth getentityhistory', 'auth githubrepotoken', 'auth websocktunneltoken', 'github cancelbuilds', 'github repository' | ForEach-Object { $TaskclusterTcPlaces[$_] = '- -' }
'download artifact', 'downloadartifact' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task artifact artifact|file file ...' }
'download object', 'downloadobject' | ForEach-Object { $TaskclusterTcPlaces[$_] = '- file' }
$TaskclusterTcPlaces['events bind'] = 'service exchange - - - - ...'
$TaskclusterTcPlaces['events list'] = 'service'
'exec', 'sandbox run' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'command ...' }
'find', 'fromnow', 'profile remove', 'sandbox clock', 'scopes expand', 'whoami' | ForEach-Object { $TaskclusterTcPlaces[$_] = '- ...' }
'group artifacts', 'group download', 'group prioritize' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task-group -' }
'group cancel', 'group failures', 'group list', 'group logs', 'group rerun', 'group seal', 'group status', 'group wait', 'group watch', 'queue canceltaskgroup', 'queue changetaskgrouppriority', 'queue gettaskgroup', 'queue listtaskgroup', 'queue sealtaskgroup', 'webserver taskgroupprofile' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task-group' }
$TaskclusterTcPlaces['help'] = 'topic method ...'
'profile edit', 'profile list', 'profile path', 'references diff', 'references update', 'sandbox calls', 'sandbox methods', 'sandbox outbox', 'sandbox start', 'sandbox stop', 'sandbox tour', 'scopes satisfied', 'signin', 'slugid generate', 'tempcredentials', 'update', 'version', 'auth authenticatehawk', 'auth currentscopes', 'auth expandscopes', 'auth heartbeat', 'auth lbheartbeat', 'auth listclients', 'auth listroleids', 'auth listroles', 'auth listroles2', 'auth ping', 'auth testauthenticate', 'auth testauthenticateget', 'auth version', 'github builds', 'github heartbeat', 'github lbheartbeat', 'github ping', 'github rendertaskclusteryml', 'github version', 'hooks heartbeat', 'hooks lbheartbeat', 'hooks listhookgroups', 'hooks ping', 'hooks version', 'index findtasksatindex', 'index heartbeat', 'index lbheartbeat', 'index ping', 'index version', 'notify adddenylistaddress', 'notify deletedenylistaddress', 'notify email', 'notify heartbeat', 'notify lbheartbeat', 'notify listdenylist', 'notify matrix', 'notify ping', 'notify pulse', 'notify slack', 'notify version', 'object heartbeat', 'object lbheartbeat', 'object ping', 'object version', 'purgecache allpurgerequests', 'purgecache heartbeat', 'purgecache lbheartbeat', 'purgecache ping', 'purgecache version', 'queue heartbeat', 'queue lbheartbeat', 'queue listprovisioners', 'queue listtaskqueues', 'queue ping', 'queue statuses', 'queue taskqueuecountsbatch', 'queue tasks', 'queue version', 'secrets heartbeat', 'secrets lbheartbeat', 'secrets list', 'secrets ping', 'secrets version', 'webserver heartbeat', 'webserver lbheartbeat', 'webserver ping', 'webserver version', 'workermanager heartbeat', 'workermanager lbheartbeat', 'workermanager listproviders', 'workermanager listworkerpools', 'workermanager listworkerpoolsstats', 'workermanager ping', 'workermanager registerworker', 'workermanager reregisterworker', 'workermanager version', 'workermanager workerpoolerrorstats' | ForEach-Object { $TaskclusterTcPlaces[$_] = '' }
$TaskclusterTcPlaces['profile set'] = '- - - ...'
'profile unset', 'task run' | ForEach-Object { $TaskclusterTcPlaces[$_] = '- - ...' }
$TaskclusterTcPlaces['references distill'] = 'file'
'schema', 'skeleton' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'service method' }
'signedurl artifact', 'url artifact' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task - - ...' }
'task artifacts', 'task complete', 'task def', 'task group', 'task log', 'task name', 'task retrigger', 'task why', 'queue canceltask', 'queue changetaskpriority', 'queue createtask', 'queue listdependenttasks', 'queue listlatestartifacts', 'queue reruntask', 'queue scheduletask', 'queue status', 'queue task', 'webserver taskprofile' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task' }
'task cancel', 'task rerun', 'task status', 'task wait' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task ...' }
$TaskclusterTcPlaces['task prioritize'] = 'task -'
'upload artifact', 'uploadartifact' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task|file run|file - file ...' }
'upload object', 'uploadobject' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'file -' }
$TaskclusterTcPlaces['validate'] = 'service method file'
$TaskclusterTcPlaces['validatejson'] = 'file file'
'auth awss3credentials', 'github badge', 'github createcomment', 'github createstatus', 'github latest' | ForEach-Object { $TaskclusterTcPlaces[$_] = '- - -' }
'auth client', 'auth createclient', 'auth deleteclient', 'auth disableclient', 'auth enableclient', 'auth listaudithistory', 'auth resetaccesstoken', 'auth updateclient' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'client' }
'auth createrole', 'auth deleterole', 'auth role', 'auth updaterole' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'role' }
'hooks createhook', 'hooks gethookstatus', 'hooks gettriggertoken', 'hooks hook', 'hooks listlastfires', 'hooks removehook', 'hooks resettriggertoken', 'hooks triggerhook', 'hooks updatehook' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'hook-group hook' }
$TaskclusterTcPlaces['hooks listhooks'] = 'hook-group'
$TaskclusterTcPlaces['hooks triggerhookwithtoken'] = 'hook-group hook -'
'index deletetask', 'index findtask', 'index inserttask' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'index-path' }
$TaskclusterTcPlaces['index findartifactfromtask'] = 'index-path indexed-artifact'
'index listnamespaces', 'index listtasks' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'namespace' }
'purgecache purgecache', 'purgecache purgerequests', 'workermanager createworkerpool', 'workermanager deleteworkerpool', 'workermanager listworkerpoolerrors', 'workermanager listworkerpoollaunchconfigs', 'workermanager listworkersforworkerpool', 'workermanager reportworkererror', 'workermanager updateworkerpool', 'workermanager workerpool', 'workermanager workerpoolstats' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'worker-pool' }
'queue artifact', 'queue artifactinfo', 'queue createartifact', 'queue finishartifact', 'queue getartifact' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task run artifact' }
'queue claimtask', 'queue listartifacts', 'queue reclaimtask', 'queue reportcompleted', 'queue reportexception', 'queue reportfailed' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task run' }
'queue claimwork', 'queue gettaskqueue', 'queue listclaimedtasks', 'queue listpendingtasks', 'queue pendingtasks', 'queue taskqueuecounts' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task-queue' }
'queue declareworker', 'queue getworker', 'queue quarantineworker', 'workermanager getworker' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'provisioner worker-type worker-group worker' }
'queue getlatestartifact', 'queue latestartifact', 'queue latestartifactinfo' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'task artifact' }
'queue getprovisioner', 'queue listworkertypes' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'provisioner' }
'queue getworkertype', 'queue listworkers', 'workermanager listworkers' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'provisioner worker-type' }
'secrets get', 'secrets remove', 'secrets set' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'secret' }
'workermanager createworker', 'workermanager removeworker', 'workermanager shouldworkerterminate', 'workermanager updateworker', 'workermanager worker' | ForEach-Object { $TaskclusterTcPlaces[$_] = 'worker-pool worker-group worker' }
$TaskclusterTcPlaces['workermanager listworkersforworkergroup'] = 'worker-pool worker-group'

# Path: its options.
$global:TaskclusterTcOptions = @{}
$TaskclusterTcOptions[''] = '--version -h --help'
$TaskclusterTcOptions['batch'] = '--csv --tsv --header --data --data-format --set --payload-from --id-from --query --no-validate --jobs --rate --in-order --keep-going --fail-fast --journal --assume-done --assume-failed --dry-run -h --help'
'completions', 'config', 'config help', 'download', 'events', 'events list', 'group', 'help', 'profile', 'profile edit', 'profile list', 'profile path', 'profile remove', 'profile unset', 'references', 'references diff', 'references update', 'sandbox', 'sandbox calls', 'sandbox outbox', 'sandbox stop', 'sandbox tour', 'scopes', 'scopes expand', 'signedurl', 'slugid decode', 'slugid encode', 'task', 'update', 'upload', 'url', 'api', 'auth', 'github', 'hooks', 'index', 'notify', 'object', 'purgecache', 'queue', 'secrets', 'webserver', 'workermanager' | ForEach-Object { $TaskclusterTcOptions[$_] = '-h --help' }
$TaskclusterTcOptions['config get'] = '-f --format --show-secrets -h --help'
$TaskclusterTcOptions['config reset'] = '-a --all -h --help'
$TaskclusterTcOptions['config set'] = '-d --dry-run -h --help'
'download artifact', 'downloadartifact' | ForEach-Object { $TaskclusterTcOptions[$_] = '--index -o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay --managed-only --list --literal --flat --max-age --newest -h --help' }
'download object', 'downloadobject' | ForEach-Object { $TaskclusterTcOptions[$_] = '-o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' }
$TaskclusterTcOptions['events bind'] = '--with-keys -h --help'
$TaskclusterTcOptions['exec'] = '--secret --secret-file --temp-scope --temp-expires -h --help'
$TaskclusterTcOptions['find'] = '--limit -h --help'
$TaskclusterTcOptions['fromnow'] = '--from -h --help'
$TaskclusterTcOptions['group artifacts'] = '--failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group cancel'] = '-w --worker-type -f --force -n --dry-run --seal --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group download'] = '-o --output --flat --all-runs -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help'
$TaskclusterTcOptions['group failures'] = '--lines --against --all-runs --format --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group list'] = '-a --all -r --running -f --failed -e --exception -c --complete --completed -u --unscheduled -p --pending --format-string --sort --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group logs'] = '-f --follow -n --tail --grep --own --timestamps --prefix --appear --timeout --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -o -h --help'
$TaskclusterTcOptions['group prioritize'] = '-f --force -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group rerun'] = '--failed -f --force -n --dry-run --wait --log --timeout --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
$TaskclusterTcOptions['group seal'] = '-n --dry-run -f --force --newest -h --help'
$TaskclusterTcOptions['group status'] = '--by --exit-status --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help'
'group wait', 'group watch' | ForEach-Object { $TaskclusterTcOptions[$_] = '--for --timeout --fail-fast --appear --failed --name --state --reason --queue --kind --tag --owner --longer --newest -h --help' }
$TaskclusterTcOptions['open'] = '--as --browser --no-browser --newest -h --help'
$TaskclusterTcOptions['profile set'] = '--keyring -h --help'
$TaskclusterTcOptions['profile show'] = '--show-secrets -h --help'
$TaskclusterTcOptions['profile use'] = '--none -h --help'
$TaskclusterTcOptions['references distill'] = '--methods -o --output -h --help'
$TaskclusterTcOptions['sandbox clock'] = '--help'
$TaskclusterTcOptions['sandbox methods'] = '--missing -h --help'
$TaskclusterTcOptions['sandbox run'] = '--data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help'
$TaskclusterTcOptions['sandbox start'] = '--port --detach --data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help'
$TaskclusterTcOptions['schema'] = '-o --output --answer --response -h --help'
'scopes check', 'scopes required' | ForEach-Object { $TaskclusterTcOptions[$_] = '--data --data-format -h --help' }
$TaskclusterTcOptions['scopes satisfied'] = '--have --need --expand -h --help'
$TaskclusterTcOptions['signedurl artifact'] = '--latest --no-check --newest --expires --internal -h --help'
$TaskclusterTcOptions['signin'] = '--check -s --scope --expires -n --name -p --port --browser --no-browser --wait --save --shell --csh -h --help'
$TaskclusterTcOptions['signout'] = '--delete --shell -h --help'
$TaskclusterTcOptions['skeleton'] = '--full -h --help'
$TaskclusterTcOptions['slugid'] = '--v4 --count -h --help'
$TaskclusterTcOptions['slugid generate'] = '-n --nice -h --help'
$TaskclusterTcOptions['task artifacts'] = '-r --run --newest -h --help'
'task cancel', 'task complete', 'task prioritize' | ForEach-Object { $TaskclusterTcOptions[$_] = '-n --noop --dry-run -c --confirm -f --force --newest -h --help' }
'task def', 'task group', 'task name', 'task why' | ForEach-Object { $TaskclusterTcOptions[$_] = '--newest -h --help' }
$TaskclusterTcOptions['task list'] = '--pending --claimed -h --help'
$TaskclusterTcOptions['task log'] = '-r --run -n --tail --grep --own --timestamps --no-follow -f --follow --wait --exit-status --timeout --newest -o -h --help'
$TaskclusterTcOptions['task rerun'] = '-f --force -n --noop --dry-run -c --confirm --newest --wait --log --timeout -h --help'
$TaskclusterTcOptions['task retrigger'] = '-e --exact --env --set --edit --times -n --dry-run --group --wait --log --timeout --newest -h --help'
$TaskclusterTcOptions['task run'] = '--queue --provisioner --worker-type -e --env --group --set --dependency --name --description --owner --source --retries --wait --log --timeout --cancel-on-interrupt -h --help'
$TaskclusterTcOptions['task status'] = '-a --all-runs -r --run --max-age --exit-status --newest -h --help'
$TaskclusterTcOptions['task wait'] = '--for --timeout --fail-fast --log --newest -h --help'
$TaskclusterTcOptions['tempcredentials'] = '--scope --name --start --expires --shell --csh -h --help'
'upload artifact', 'uploadartifact' | ForEach-Object { $TaskclusterTcOptions[$_] = '--storage --link --reference --error --message --expires --content-type --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' }
'upload object', 'uploadobject' | ForEach-Object { $TaskclusterTcOptions[$_] = '--project-id --expires --content-type --upload-id --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' }
$TaskclusterTcOptions['url artifact'] = '--newest --internal -h --help'
$TaskclusterTcOptions['validate'] = '--answer --response --data-format -h --help'
$TaskclusterTcOptions['validatejson'] = '--data-format -h --help'
$TaskclusterTcOptions['version'] = '--server -s --short-version -h --help'
$TaskclusterTcOptions['whoami'] = '--all --check --expand -h --help'
'auth authenticatehawk', 'auth createclient', 'auth createrole', 'auth expandscopes', 'auth githubrepotoken', 'auth testauthenticate', 'auth updateclient', 'auth updaterole', 'github createcomment', 'github createstatus', 'github rendertaskclusteryml', 'hooks createhook', 'hooks triggerhook', 'hooks triggerhookwithtoken', 'hooks updatehook', 'index inserttask', 'notify adddenylistaddress', 'notify deletedenylistaddress', 'notify email', 'notify matrix', 'notify pulse', 'notify slack', 'object createupload', 'object finishupload', 'object startdownload', 'purgecache purgecache', 'queue changetaskgrouppriority', 'queue changetaskpriority', 'queue claimtask', 'queue claimwork', 'queue createartifact', 'queue createtask', 'queue declareworker', 'queue finishartifact', 'queue quarantineworker', 'queue reportexception', 'queue taskqueuecountsbatch', 'secrets set', 'workermanager createworker', 'workermanager createworkerpool', 'workermanager registerworker', 'workermanager reportworkererror', 'workermanager reregisterworker', 'workermanager updateworker', 'workermanager updateworkerpool' | ForEach-Object { $TaskclusterTcOptions[$_] = '--data --data-format --set --no-validate --dry-run -h --help' }
$TaskclusterTcOptions['auth awss3credentials'] = '--format --dry-run -h --help'
'auth client', 'auth currentscopes', 'auth deleteclient', 'auth deleterole', 'auth disableclient', 'auth enableclient', 'auth gcpcredentials', 'auth heartbeat', 'auth lbheartbeat', 'auth listroles', 'auth ping', 'auth resetaccesstoken', 'auth role', 'auth sentrydsn', 'auth testauthenticateget', 'auth version', 'auth websocktunneltoken', 'github badge', 'github heartbeat', 'github latest', 'github lbheartbeat', 'github ping', 'github repository', 'github version', 'hooks gethookstatus', 'hooks gettriggertoken', 'hooks heartbeat', 'hooks hook', 'hooks lbheartbeat', 'hooks listhookgroups', 'hooks listhooks', 'hooks ping', 'hooks removehook', 'hooks resettriggertoken', 'hooks version', 'index deletetask', 'index findartifactfromtask', 'index findtask', 'index heartbeat', 'index lbheartbeat', 'index ping', 'index version', 'notify heartbeat', 'notify lbheartbeat', 'notify ping', 'notify version', 'object download', 'object heartbeat', 'object lbheartbeat', 'object object', 'object ping', 'object version', 'purgecache heartbeat', 'purgecache lbheartbeat', 'purgecache ping', 'purgecache version', 'queue artifact', 'queue artifactinfo', 'queue canceltask', 'queue canceltaskgroup', 'queue getartifact', 'queue getlatestartifact', 'queue getprovisioner', 'queue gettaskgroup', 'queue gettaskqueue', 'queue getworker', 'queue getworkertype', 'queue heartbeat', 'queue latestartifact', 'queue latestartifactinfo', 'queue lbheartbeat', 'queue pendingtasks', 'queue ping', 'queue reclaimtask', 'queue reportcompleted', 'queue reportfailed', 'queue reruntask', 'queue scheduletask', 'queue sealtaskgroup', 'queue status', 'queue task', 'queue taskqueuecounts', 'queue version', 'secrets get', 'secrets heartbeat', 'secrets lbheartbeat', 'secrets ping', 'secrets remove', 'secrets version', 'webserver heartbeat', 'webserver lbheartbeat', 'webserver ping', 'webserver taskgroupprofile', 'webserver taskprofile', 'webserver version', 'workermanager deleteworkerpool', 'workermanager getworker', 'workermanager heartbeat', 'workermanager lbheartbeat', 'workermanager ping', 'workermanager removeworker', 'workermanager shouldworkerterminate', 'workermanager version', 'workermanager worker', 'workermanager workerpool', 'workermanager workerpoolstats' | ForEach-Object { $TaskclusterTcOptions[$_] = '--dry-run -h --help' }
'auth getentityhistory', 'auth listaudithistory', 'auth listroleids', 'auth listroles2', 'hooks listlastfires', 'index listnamespaces', 'index listtasks', 'notify listdenylist', 'purgecache allpurgerequests', 'queue listartifacts', 'queue listclaimedtasks', 'queue listdependenttasks', 'queue listlatestartifacts', 'queue listpendingtasks', 'queue listprovisioners', 'queue listtaskgroup', 'queue listtaskqueues', 'queue listworkertypes', 'secrets list', 'workermanager listproviders', 'workermanager listworkerpools', 'workermanager listworkerpoolsstats', 'workermanager listworkersforworkergroup' | ForEach-Object { $TaskclusterTcOptions[$_] = '--continuation-token --limit --paginate --dry-run -h --help' }
$TaskclusterTcOptions['auth listclients'] = '--prefix --continuation-token --limit --paginate --dry-run -h --help'
$TaskclusterTcOptions['github builds'] = '--continuation-token --limit --organization --repository --sha --pull-request --paginate --dry-run -h --help'
$TaskclusterTcOptions['github cancelbuilds'] = '--sha --pull-request --dry-run -h --help'
'index findtasksatindex', 'queue statuses', 'queue tasks' | ForEach-Object { $TaskclusterTcOptions[$_] = '--continuation-token --limit --data --data-format --set --no-validate --paginate --dry-run -h --help' }
$TaskclusterTcOptions['purgecache purgerequests'] = '--since --dry-run -h --help'
$TaskclusterTcOptions['queue listworkers'] = '--continuation-token --limit --quarantined --paginate --dry-run -h --help'
$TaskclusterTcOptions['workermanager listworkerpoolerrors'] = '--continuation-token --limit --launch-config-id --error-id --paginate --dry-run -h --help'
$TaskclusterTcOptions['workermanager listworkerpoollaunchconfigs'] = '--continuation-token --limit --include-archived --paginate --dry-run -h --help'
$TaskclusterTcOptions['workermanager listworkers'] = '--continuation-token --limit --launch-config-id --quarantined --worker-state --paginate --dry-run -h --help'
$TaskclusterTcOptions['workermanager listworkersforworkerpool'] = '--continuation-token --limit --launch-config-id --state --paginate --dry-run -h --help'
$TaskclusterTcOptions['workermanager workerpoolerrorstats'] = '--worker-pool-id --dry-run -h --help'

# Path of a method: its query options.
$global:TaskclusterTcQuery = @{}
$TaskclusterTcQuery['auth awss3credentials'] = '--format'
'auth getentityhistory', 'auth listaudithistory', 'auth listroleids', 'auth listroles2', 'hooks listlastfires', 'index findtasksatindex', 'index listnamespaces', 'index listtasks', 'notify listdenylist', 'purgecache allpurgerequests', 'queue listartifacts', 'queue listclaimedtasks', 'queue listdependenttasks', 'queue listlatestartifacts', 'queue listpendingtasks', 'queue listprovisioners', 'queue listtaskgroup', 'queue listtaskqueues', 'queue listworkertypes', 'queue statuses', 'queue tasks', 'secrets list', 'workermanager listproviders', 'workermanager listworkerpools', 'workermanager listworkerpoolsstats', 'workermanager listworkersforworkergroup' | ForEach-Object { $TaskclusterTcQuery[$_] = '--continuation-token --limit' }
$TaskclusterTcQuery['auth listclients'] = '--prefix --continuation-token --limit'
$TaskclusterTcQuery['github builds'] = '--continuation-token --limit --organization --repository --sha --pull-request'
$TaskclusterTcQuery['github cancelbuilds'] = '--sha --pull-request'
$TaskclusterTcQuery['purgecache purgerequests'] = '--since'
$TaskclusterTcQuery['queue listworkers'] = '--continuation-token --limit --quarantined'
$TaskclusterTcQuery['workermanager listworkerpoolerrors'] = '--continuation-token --limit --launch-config-id --error-id'
$TaskclusterTcQuery['workermanager listworkerpoollaunchconfigs'] = '--continuation-token --limit --include-archived'
$TaskclusterTcQuery['workermanager listworkers'] = '--continuation-token --limit --launch-config-id --quarantined --worker-state'
$TaskclusterTcQuery['workermanager listworkersforworkerpool'] = '--continuation-token --limit --launch-config-id --state'
$TaskclusterTcQuery['workermanager workerpoolerrorstats'] = '--worker-pool-id'

# Path below which all services are once more: what its methods take beside query options; - for what calls take.
$global:TaskclusterTcTree = @{}
$TaskclusterTcTree['signedurl'] = '--expires --internal -h --help'
$TaskclusterTcTree['url'] = '--internal -h --help'
$TaskclusterTcTree['api'] = '-'

# Tree, path and option: the kind of its value; = and choices; - for anything; 0 for none.
$global:TaskclusterTcValue = @{}
'config get:-f', 'config get:--format' | ForEach-Object { $TaskclusterTcValue[$_] = '=yaml,json' }
'group download:-o', 'group download:--output', 'references distill:-o', 'references distill:--output', 'sandbox run:--data', 'sandbox start:--data' | ForEach-Object { $TaskclusterTcValue[$_] = 'folder' }
$TaskclusterTcValue['group failures:--format'] = '=json,jsonl,markdown,raw,table,text,yaml'
'group logs:-n', 'signin:-n', 'signin:-p', 'signin:--wait', 'task artifacts:-r', 'task log:-r', 'task log:-n', 'task run:-e', 'task status:-r', 'upload artifact:--reference', 'uploadartifact:--reference', 'auth awss3credentials:--format', '--jq', '--columns', '--root-url', '--authorized-scope', '--authorized-scopes', '--retries', '--timeout', '--delay-factor', '--randomization-factor', '--max-delay', '--trace-id', '--set', '--payload-from', '--id-from', '--query', '--jobs', '--rate', '--checksum', '--connections', '--min-rate', '--deadline', '--transfer-retries', '--transfer-timeout', '--transfer-delay-factor', '--transfer-randomization-factor', '--transfer-max-delay', '--max-age', '--temp-scope', '--temp-expires', '--limit', '--from', '--name', '--state', '--reason', '--queue', '--kind', '--tag', '--owner', '--longer', '--log-match', '-w', '--worker-type', '--lines', '--format-string', '--tail', '--grep', '--appear', '--listen', '--worker', '--provider', '--amqp', '--fault', '--latency', '--drop', '--storage-fault', '--port', '--have', '--need', '--expires', '-s', '--scope', '--save', '--count', '--run', '--env', '--times', '--provisioner', '--description', '--source', '--start', '--link', '--message', '--content-type', '--project-id', '--upload-id', '--continuation-token', '--organization', '--repository', '--sha', '--pull-request', '--since', '--quarantined', '--launch-config-id', '--error-id', '--include-archived', '--worker-state' | ForEach-Object { $TaskclusterTcValue[$_] = '-' }
'schema:--output', 'version:-s', '--version', '-h', '--help', '-r', '--raw-strings', '--anonymous', '--proxy', '--no-proxy', '--retry-unsafe', '--read-only', '-v', '--verbose', '-q', '--quiet', '--pager', '--no-pager', '--csv', '--tsv', '--header', '--no-validate', '--in-order', '--keep-going', '--fail-fast', '--dry-run', '-f', '--show-secrets', '-a', '--all', '-d', '--compressed', '--managed-only', '--list', '--literal', '--flat', '--newest', '--with-keys', '--failed', '--force', '-n', '--seal', '--all-runs', '--running', '-e', '--exception', '-c', '--complete', '--completed', '-u', '--unscheduled', '-p', '--pending', '--follow', '--own', '--timestamps', '--wait', '--log', '--exit-status', '--browser', '--no-browser', '--keyring', '--none', '--missing', '--detach', '--answer', '--response', '--expand', '--latest', '--no-check', '--internal', '--check', '--csh', '--delete', '--full', '--v4', '--nice', '--noop', '--confirm', '--claimed', '--no-follow', '--exact', '--edit', '--cancel-on-interrupt', '--server', '--short-version', '--paginate' | ForEach-Object { $TaskclusterTcValue[$_] = '0' }
$TaskclusterTcValue['task wait:--for'] = '=completed,resolved,running'
$TaskclusterTcValue['auth listclients:--prefix'] = 'client'
$TaskclusterTcValue['--format'] = '=json,jsonl,raw,table,yaml'
'-o', '--output', '--reference', '--fake', '--fake-calls', '--journal', '--methods' | ForEach-Object { $TaskclusterTcValue[$_] = 'file' }
$TaskclusterTcValue['--profile'] = 'profile'
$TaskclusterTcValue['--service-discovery'] = '=default,k8s-dns'
$TaskclusterTcValue['--color'] = '=auto,always,never'
$TaskclusterTcValue['--error-format'] = '=text,json'
'--data', '--assume-done', '--assume-failed' | ForEach-Object { $TaskclusterTcValue[$_] = '@file' }
$TaskclusterTcValue['--data-format'] = '=json,yaml'
$TaskclusterTcValue['--index'] = 'index-path'
'--secret', '--secret-file' | ForEach-Object { $TaskclusterTcValue[$_] = 'secret' }
'--against', '--group' | ForEach-Object { $TaskclusterTcValue[$_] = 'task-group' }
$TaskclusterTcValue['--sort'] = '=name,state,wait,duration'
$TaskclusterTcValue['--prefix'] = '=label,id,none'
$TaskclusterTcValue['--by'] = '=state,kind,queue,owner'
$TaskclusterTcValue['--for'] = '=settled,completed,resolved'
$TaskclusterTcValue['--as'] = '=task,group,hook,worker,pool'
$TaskclusterTcValue['--shell'] = '=bash,sh,zsh,fish,csh,tcsh,powershell,pwsh'
$TaskclusterTcValue['--dependency'] = 'task'
$TaskclusterTcValue['--storage'] = '=s3,object'
$TaskclusterTcValue['--error'] = '=file-missing-on-worker,invalid-resource-on-worker,too-large-file-on-worker,file-not-readable-on-worker'
$TaskclusterTcValue['--worker-pool-id'] = 'worker-pool'

# Option, perhaps after a path or tree: what it is for.
$global:TaskclusterTcMeaning = @{}
$TaskclusterTcMeaning['batch:--data'] = 'The payload of each call, with places'
$TaskclusterTcMeaning['batch:--set'] = 'Change the payload: a.b={1}'
$TaskclusterTcMeaning['batch:--no-validate'] = 'Do not validate payloads against the schema'
'batch:--fail-fast', '--keep-going' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'After a failure, make the other calls (default), or stop' }
$TaskclusterTcMeaning['batch:--dry-run'] = 'Print the requests and send nothing'
'config get:-f', 'config get:--format' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'yaml (default) or json' }
'config set:--dry-run', '-d' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Check the value' }
'download artifact:-o', 'download artifact:--output', 'download object:-o', 'download object:--output', 'downloadartifact:-o', 'downloadartifact:--output', 'downloadobject:-o', 'downloadobject:--output' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Write to FILE, below DIR, or to stdout (-)' }
'download artifact:--dry-run', 'download object:--dry-run', 'downloadartifact:--dry-run', 'downloadobject:--dry-run', 'upload artifact:--dry-run', 'upload object:--dry-run', 'uploadartifact:--dry-run', 'uploadobject:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print the first request' }
$TaskclusterTcMeaning['find:--limit'] = 'At most N results (10)'
'group artifacts:--limit', 'group cancel:--limit', 'group download:--limit', 'group failures:--limit', 'group list:--limit', 'group logs:--limit', 'group prioritize:--limit', 'group rerun:--limit', 'group status:--limit' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Select at most N tasks, the first by name' }
'group artifacts:--newest', 'group cancel:--newest', 'group download:--newest', 'group failures:--newest', 'group list:--newest', 'group logs:--newest', 'group prioritize:--newest', 'group rerun:--newest', 'group seal:--newest', 'group status:--newest', 'group wait:--newest', 'group watch:--newest' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Of several groups of a commit or pull request, take the one created…' }
'group cancel:-f', 'group cancel:--force', 'group prioritize:-f', 'group prioritize:--force', 'group rerun:-f', 'group rerun:--force' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Do not ask' }
'group cancel:--dry-run', 'task cancel:--dry-run', '-n', '--noop' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print what would be cancelled' }
'group download:-o', 'group download:--output' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Write below this directory (default: the current one)' }
$TaskclusterTcMeaning['group download:--flat'] = 'Leave out the directories in artifacts'' names: DIR/LABEL/FILE'
'group download:-n', 'group download:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print ID NAME PATH' }
$TaskclusterTcMeaning['group failures:--all-runs'] = 'Print each run that failed, and which of them are flaky'
$TaskclusterTcMeaning['group failures:--format'] = 'One of json, jsonl, markdown, raw, table, text, yaml'
'group list:-a', 'group list:--all' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print all tasks, whatever else is given (default)' }
'group list:-r', '--running' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are running' }
'group list:-f', 'group list:--failed' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are failed' }
'group list:-c', '--complete', '--completed' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are completed' }
'group logs:-f', '--follow' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Follow the logs until the group is settled' }
'group logs:-n', 'task log:-n', '--tail' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print only the last N lines' }
$TaskclusterTcMeaning['group logs:--timeout'] = 'With -f, wait at most that long: 90s, 15m'
'group prioritize:-n', 'group prioritize:--dry-run', 'task prioritize:-n', 'task prioritize:--noop', 'task prioritize:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print what would be changed' }
'group rerun:-n', 'group rerun:--dry-run', 'task rerun:-n', 'task rerun:--noop', 'task rerun:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print what would be rerun' }
'group rerun:--timeout', 'group wait:--timeout', 'group watch:--timeout', 'task rerun:--timeout', 'task retrigger:--timeout', 'task run:--timeout', 'task wait:--timeout' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Wait at most that long: 90s, 15m, 1d' }
'group seal:-n', 'group seal:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print what would be sealed' }
'references distill:-o', 'references distill:--output' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Directory for the files, one per service' }
'sandbox run:--data', 'sandbox start:--data' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Store the state in DIR (in memory)' }
'sandbox run:--fake', 'sandbox start:--fake' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Respond to the methods in FILE from it' }
'schema:--output', '--answer', '--response' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print the schema of the response instead' }
'scopes check:--data', 'scopes required:--data' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'The payload, if the scopes depend on it' }
$TaskclusterTcMeaning['signin:--expires'] = 'An offset or a timestamp (default 1d)'
'signin:-n', 'signin:--name' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Name of the client below your own client id, before a random suffix…' }
'signin:-p', 'signin:--port' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Port for the callback (default any)' }
'signin:--browser', 'signin:--no-browser' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Open a browser over ssh, too' }
$TaskclusterTcMeaning['signin:--wait'] = 'How long to wait (default 10m)'
'slugid generate:-n', '--nice' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Begin with a letter from A to f' }
'task artifacts:-r', 'task log:-r', 'task status:-r', '--run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Consider run N (default: the latest)' }
'task complete:-n', 'task complete:--noop', 'task complete:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print what would be completed' }
$TaskclusterTcMeaning['task list:--pending'] = 'Print only tasks that are pending'
'task log:-f', 'task log:--follow' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Follow the log while the task runs (default)' }
$TaskclusterTcMeaning['task log:--wait'] = 'Wait until the task starts'
$TaskclusterTcMeaning['task log:--exit-status'] = 'Wait until the task ends, but for --no-follow'
$TaskclusterTcMeaning['task log:--timeout'] = 'Wait at most that long for the start and the end: 90s, 15m'
'task rerun:-f', 'task rerun:--force' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Also rerun tasks that are neither failed nor exception' }
'task retrigger:-e', '--exact' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Keep dependencies and routes, too' }
'task retrigger:--set', 'task run:--set' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Set a value of the definition, PATH:=JSON also one that is not text' }
'task retrigger:-n', 'task retrigger:--dry-run' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print ID NAME would-retrigger, with --format the definition of the…' }
$TaskclusterTcMeaning['task run:--queue'] = 'The task queue, PROVISIONER/WORKER-TYPE, or an address of it'
$TaskclusterTcMeaning['task run:--worker-type'] = 'The worker type of the task queue, instead of --queue'
'task run:-e', 'task run:--env' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Set a variable' }
$TaskclusterTcMeaning['task run:--group'] = 'Create it in this group, which may be new (default: one of its own)'
$TaskclusterTcMeaning['task run:--name'] = 'The name of the task'
$TaskclusterTcMeaning['task run:--owner'] = 'The owner of the task'
$TaskclusterTcMeaning['task run:--retries'] = 'How often the queue retries it after a failure of the infrastructure…'
'task status:-a', 'task status:--all-runs' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print all runs' }
$TaskclusterTcMeaning['task status:--max-age'] = 'Exit with 1 if it was resolved longer ago: 12h, 1d'
$TaskclusterTcMeaning['task status:--exit-status'] = 'Exit with 1 unless it is completed'
$TaskclusterTcMeaning['task wait:--for'] = 'Wait for completed, resolved or running (default: completed)'
$TaskclusterTcMeaning['tempcredentials:--scope'] = 'A scope they have'
$TaskclusterTcMeaning['tempcredentials:--name'] = 'Their own client id, for the audit log'
$TaskclusterTcMeaning['tempcredentials:--expires'] = 'An offset, seconds, or a timestamp'
'upload artifact:--reference', 'uploadartifact:--reference' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Create a reference to a URL' }
'upload artifact:--expires', 'uploadartifact:--expires' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'An offset, seconds or a timestamp (default: when the task expires)' }
'upload object:--expires', 'uploadobject:--expires' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'An offset, seconds or a timestamp (default: 1 year)' }
'url artifact:--internal', 'url:--internal' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'The URL for this machine: by proxy or service discovery' }
'validate:--answer', 'validate:--response' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Check a response instead of a payload' }
'version:-s', '--short-version' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print the version alone' }
$TaskclusterTcMeaning['whoami:--all'] = 'Show the credentials of each profile'
$TaskclusterTcMeaning['whoami:--check'] = 'Check that the credentials have each SCOPE'
$TaskclusterTcMeaning['whoami:--expand'] = 'List all scopes on a terminal, with those of roles'
$TaskclusterTcMeaning['auth awss3credentials:--format'] = 'The format of the response'
$TaskclusterTcMeaning['auth listclients:--prefix'] = 'Return only clients whose id starts with this'
$TaskclusterTcMeaning['auth listroleids:--limit'] = 'The number of names per page'
$TaskclusterTcMeaning['auth listroles2:--limit'] = 'The number of roles per page'
$TaskclusterTcMeaning['github cancelbuilds:--sha'] = 'Cancel only builds of this commit (full hash)'
$TaskclusterTcMeaning['workermanager listproviders:--limit'] = 'The number of entries per page, 100 by default'
$TaskclusterTcMeaning['workermanager listworkers:--quarantined'] = 'Only workers in quarantine (true)'
'workermanager listworkersforworkerpool:--state', '--worker-state' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Only workers in this state' }
$TaskclusterTcMeaning['--version'] = 'Print the version'
'-h', '--help' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Show this message and exit' }
$TaskclusterTcMeaning['--format'] = 'One of json, jsonl, raw, table, yaml'
'-o', '--output' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Write to a file, completely or not at all' }
$TaskclusterTcMeaning['--jq'] = 'Filter the response with a jq expression'
$TaskclusterTcMeaning['--columns'] = 'Print a table with these columns, such as taskId,metadata.name'
'-r', '--raw-strings' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print strings without quotes' }
$TaskclusterTcMeaning['--root-url'] = 'Root URL of the deployment (default TASKCLUSTER_ROOT_URL)'
$TaskclusterTcMeaning['--profile'] = 'Use the root URL and credentials of this profile'
$TaskclusterTcMeaning['--reference'] = 'Add or replace a service by its api.json'
$TaskclusterTcMeaning['--anonymous'] = 'Use no credentials'
$TaskclusterTcMeaning['--authorized-scope'] = 'Limit the credentials to this scope'
$TaskclusterTcMeaning['--authorized-scopes'] = 'The same as a JSON array'
'--proxy', '--no-proxy' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Use TASKCLUSTER_PROXY_URL, or ignore it' }
$TaskclusterTcMeaning['--service-discovery'] = 'How to reach services: default, k8s-dns'
$TaskclusterTcMeaning['--retries'] = 'Retries after the first attempt (default 5)'
$TaskclusterTcMeaning['--timeout'] = 'Time limit of one attempt (default 30s)'
$TaskclusterTcMeaning['--delay-factor'] = 'Base delay between attempts (default 100ms)'
$TaskclusterTcMeaning['--randomization-factor'] = 'Random part of the delay (default 0.25)'
$TaskclusterTcMeaning['--max-delay'] = 'Longest delay between attempts (default 30s)'
$TaskclusterTcMeaning['--retry-unsafe'] = 'Retry calls that are not idempotent, too'
$TaskclusterTcMeaning['--trace-id'] = 'Send as x-taskcluster-trace-id'
$TaskclusterTcMeaning['--read-only'] = 'Refuse calls that change something or return secrets'
$TaskclusterTcMeaning['--fake'] = 'Take responses from a JSON file'
$TaskclusterTcMeaning['--fake-calls'] = 'Append each call with --fake to a file, as JSON lines'
'-v', '--verbose' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print the account in use, each request and retries' }
'-q', '--quiet' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print only errors on stderr' }
$TaskclusterTcMeaning['--color'] = 'Use colour: auto, always, never'
'--pager', '--no-pager' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Page long output on a terminal, or not (TC_PAGER, PAGER)' }
$TaskclusterTcMeaning['--error-format'] = 'Print errors and notes as text, or each as a line of JSON'
$TaskclusterTcMeaning['--csv'] = 'Lines are CSV: commas, and quotes as in RFC 4180'
$TaskclusterTcMeaning['--tsv'] = 'Lines are TSV: tabs, and escapes as of jq''s @tsv'
$TaskclusterTcMeaning['--header'] = 'The first line has the names of the columns'
$TaskclusterTcMeaning['--data'] = 'The payload'
$TaskclusterTcMeaning['--data-format'] = 'json or yaml'
$TaskclusterTcMeaning['--set'] = 'Change the payload: a.b=text, a.b:=JSON, a[0]=…, a[]=… appends'
$TaskclusterTcMeaning['--payload-from'] = 'Take the payload, as JSON, from this column'
$TaskclusterTcMeaning['--id-from'] = 'Name results by this column (default: by line number)'
$TaskclusterTcMeaning['--query'] = 'A query option, with places'
$TaskclusterTcMeaning['--no-validate'] = 'Do not validate the payload against the schema'
$TaskclusterTcMeaning['--jobs'] = 'Make this many calls at a time (default 16)'
$TaskclusterTcMeaning['--rate'] = 'Send at most this many requests a second'
$TaskclusterTcMeaning['--in-order'] = 'Write results in the order of the lines, not as they come'
$TaskclusterTcMeaning['--fail-fast'] = 'End when the first task fails'
$TaskclusterTcMeaning['--journal'] = 'Record what is done in FILE, to resume from it'
$TaskclusterTcMeaning['--assume-done'] = 'Record in the journal that this call is done, by the id of its result'
$TaskclusterTcMeaning['--assume-failed'] = 'Send this call again, which is uncertain: it had no effect'
$TaskclusterTcMeaning['--dry-run'] = 'Print the request and send nothing'
'-f', '--force' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Accepted, as in other commands' }
$TaskclusterTcMeaning['--show-secrets'] = 'Do not mask the access token and the certificate'
'-a', '--all' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Remove all values' }
$TaskclusterTcMeaning['--index'] = 'Take the task from the index, instead of TASK'
$TaskclusterTcMeaning['--checksum'] = 'Verify this digest, too'
$TaskclusterTcMeaning['--connections'] = 'Use at most N connections (as many as help)'
$TaskclusterTcMeaning['--compressed'] = 'Do not decompress what is stored compressed'
$TaskclusterTcMeaning['--min-rate'] = 'Give up when fewer bytes per second arrive during one --timeout:…'
$TaskclusterTcMeaning['--deadline'] = 'Give up when all of it takes longer (default: never)'
$TaskclusterTcMeaning['--transfer-retries'] = '--retries of the bytes'
$TaskclusterTcMeaning['--transfer-timeout'] = '--timeout of the bytes'
$TaskclusterTcMeaning['--transfer-delay-factor'] = '--delay-factor of these'
$TaskclusterTcMeaning['--transfer-randomization-factor'] = '--randomization-factor of these'
$TaskclusterTcMeaning['--transfer-max-delay'] = '--max-delay of these'
$TaskclusterTcMeaning['--managed-only'] = 'Reject artifacts that are stored outside of the deployment'
$TaskclusterTcMeaning['--list'] = 'Print the names that match, without NAME all of them'
$TaskclusterTcMeaning['--literal'] = 'NAME is not a pattern'
$TaskclusterTcMeaning['--flat'] = 'Of the names that match, leave out the directories'
$TaskclusterTcMeaning['--max-age'] = 'Download nothing, with exit code 1, if the run was resolved longer…'
$TaskclusterTcMeaning['--newest'] = 'Of several tasks with the LABEL, take the one created last'
$TaskclusterTcMeaning['--with-keys'] = 'Print the keys too, in order, as routingKeyReference'
$TaskclusterTcMeaning['--secret'] = 'Set a variable to a value of a secret'
$TaskclusterTcMeaning['--secret-file'] = 'Write a value of a secret to a new file, which is removed afterwards'
$TaskclusterTcMeaning['--temp-scope'] = 'Pass on only this scope of yours'
$TaskclusterTcMeaning['--temp-expires'] = 'When those credentials expire: an offset, seconds or a timestamp…'
$TaskclusterTcMeaning['--limit'] = 'The number of entries per page, at most 1000'
$TaskclusterTcMeaning['--from'] = 'Use this timestamp instead of now'
$TaskclusterTcMeaning['--failed'] = 'Select tasks that are failed'
$TaskclusterTcMeaning['--name'] = 'Select tasks by name: test-*, or ~REGEX'
$TaskclusterTcMeaning['--state'] = 'Select tasks that are unscheduled, pending, running, completed,…'
$TaskclusterTcMeaning['--reason'] = 'Select tasks whose latest run was resolved as failed, claim-expired,…'
$TaskclusterTcMeaning['--queue'] = 'Select tasks by task queue: proj-example/*'
$TaskclusterTcMeaning['--kind'] = 'Select tasks by their tag kind'
$TaskclusterTcMeaning['--tag'] = 'Select tasks by a tag'
$TaskclusterTcMeaning['--owner'] = 'Select tasks by metadata.owner'
$TaskclusterTcMeaning['--longer'] = 'Select tasks whose latest run takes or took longer: 30m'
$TaskclusterTcMeaning['--log-match'] = 'Select failed tasks with a line like this near the log''s end'
'-w', '--worker-type' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Cancel only tasks of this worker type' }
$TaskclusterTcMeaning['--seal'] = 'Seal the group first, for good: no task can be added to it'
$TaskclusterTcMeaning['--all-runs'] = 'Download from all runs: DIR/LABEL/run-0/NAME'
$TaskclusterTcMeaning['--lines'] = 'Print N lines of a log for each kind of failure (default: 5)'
$TaskclusterTcMeaning['--against'] = 'Tell which of them did not fail like this in another group'
'-e', '--exception' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are exception' }
'-c', '--confirm' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Ask before each task' }
'-u', '--unscheduled' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are unscheduled' }
'-p', '--pending' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Print tasks that are pending' }
$TaskclusterTcMeaning['--format-string'] = 'Print each task by this Go template, such as ''{{.Status.TaskID}}…'
$TaskclusterTcMeaning['--sort'] = 'Sort by name, state, wait or duration, the longest first'
$TaskclusterTcMeaning['--grep'] = 'Print only lines that match'
$TaskclusterTcMeaning['--own'] = 'Leave out the lines of the worker'
$TaskclusterTcMeaning['--timestamps'] = 'Print a time before each line'
$TaskclusterTcMeaning['--prefix'] = 'Begin each line with the task''s label (default), id, or with none'
$TaskclusterTcMeaning['--appear'] = 'Wait that long for the group, or a selected task, to appear'
$TaskclusterTcMeaning['--wait'] = 'Wait until it has ended'
$TaskclusterTcMeaning['--log'] = 'Follow the log, then end as with --wait'
$TaskclusterTcMeaning['--by'] = 'Count by state, kind, queue or owner (default: state)'
$TaskclusterTcMeaning['--exit-status'] = 'Exit with 1 unless all tasks are completed'
$TaskclusterTcMeaning['--for'] = 'Wait for settled, completed or resolved (default: settled)'
$TaskclusterTcMeaning['--as'] = 'WHAT is a task, group, hook, worker, pool'
'--browser', '--no-browser' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'Open a browser, or print the address' }
$TaskclusterTcMeaning['--keyring'] = 'Store the access token in the keyring, not in the file'
$TaskclusterTcMeaning['--none'] = 'Have no default'
$TaskclusterTcMeaning['--methods'] = 'Include only the methods of this list'
$TaskclusterTcMeaning['--missing'] = 'List only those that it does not implement'
$TaskclusterTcMeaning['--listen'] = 'Listen on this IPv4 address (127.0.0.1)'
$TaskclusterTcMeaning['--worker'] = 'Run tasks on this machine, of one queue or of all'
$TaskclusterTcMeaning['--provider'] = 'Accept worker pools of these providers, and start no workers:…'
$TaskclusterTcMeaning['--amqp'] = 'Publish events to a broker: amqp://user:password@host:port/vhost'
$TaskclusterTcMeaning['--fault'] = 'Make API calls fail: queue.createTask=503x2'
$TaskclusterTcMeaning['--latency'] = 'Delay each response of the API: 50ms'
$TaskclusterTcMeaning['--drop'] = 'Close the connection of this share of API calls: 1%, 0.01'
$TaskclusterTcMeaning['--storage-fault'] = 'Make downloads and uploads fail'
$TaskclusterTcMeaning['--port'] = 'Listen on this port (a free one)'
$TaskclusterTcMeaning['--detach'] = 'Run it in the background until tc sandbox stop'
$TaskclusterTcMeaning['--have'] = 'A scope you have, or a JSON array'
$TaskclusterTcMeaning['--need'] = 'A scope you need, or a JSON expression'
$TaskclusterTcMeaning['--expand'] = 'Expand the roles in --have with the deployment'
$TaskclusterTcMeaning['--latest'] = 'The URL follows reruns: it gives what the latest run has'
$TaskclusterTcMeaning['--no-check'] = 'Do not check that the artifact is there'
$TaskclusterTcMeaning['--expires'] = 'Offset, seconds or timestamp (default 15 minutes)'
$TaskclusterTcMeaning['--internal'] = 'The URL inside the cluster, by service discovery'
$TaskclusterTcMeaning['--check'] = 'Do not sign in: exit with 0 if you are signed in, else with 1'
'-s', '--scope' | ForEach-Object { $TaskclusterTcMeaning[$_] = 'A scope of the client, or several on a line each' }
$TaskclusterTcMeaning['--save'] = 'Store the credentials in a profile instead of printing them…'
$TaskclusterTcMeaning['--shell'] = 'Print lines for bash (and sh, zsh), fish, csh or powershell…'
$TaskclusterTcMeaning['--csh'] = 'The same as --shell csh'
$TaskclusterTcMeaning['--delete'] = 'Delete the client on the deployment, too'
$TaskclusterTcMeaning['--full'] = 'Include optional fields'
$TaskclusterTcMeaning['--v4'] = 'Allow any first character, such as - and _'
$TaskclusterTcMeaning['--count'] = 'How many to print (default 1)'
$TaskclusterTcMeaning['--claimed'] = 'Print only tasks that a worker has claimed: they run'
$TaskclusterTcMeaning['--no-follow'] = 'Print what the log has by now, and end'
$TaskclusterTcMeaning['--env'] = 'Set a variable of the copy'
$TaskclusterTcMeaning['--edit'] = 'Edit the definition in $VISUAL or $EDITOR first, as YAML'
$TaskclusterTcMeaning['--times'] = 'Create N copies (default 1)'
$TaskclusterTcMeaning['--group'] = 'Create it in this group'
$TaskclusterTcMeaning['--provisioner'] = 'The provisioner of the task queue, instead of --queue'
$TaskclusterTcMeaning['--dependency'] = 'Run after this task'
$TaskclusterTcMeaning['--description'] = 'The description of the task'
$TaskclusterTcMeaning['--source'] = 'Where the definition of the task comes from'
$TaskclusterTcMeaning['--cancel-on-interrupt'] = 'Ctrl-C and SIGTERM also cancel the task'
$TaskclusterTcMeaning['--start'] = 'An offset, seconds, or a timestamp (default now)'
$TaskclusterTcMeaning['--storage'] = 'Store the bytes in s3 (the default) or object'
$TaskclusterTcMeaning['--link'] = 'Create a link to another artifact of the task'
$TaskclusterTcMeaning['--error'] = 'Create an error artifact: file-missing-on-worker,…'
$TaskclusterTcMeaning['--message'] = 'Explain the --error'
$TaskclusterTcMeaning['--content-type'] = 'The content type (default: guessed from the name of FILE)'
$TaskclusterTcMeaning['--project-id'] = 'The project that the object belongs to'
$TaskclusterTcMeaning['--upload-id'] = 'The id of the upload (default: a new one, or that of an unfinished…'
$TaskclusterTcMeaning['--server'] = 'Print the version of the deployment instead'
$TaskclusterTcMeaning['--continuation-token'] = 'Return the page after the one whose response had this token'
$TaskclusterTcMeaning['--paginate'] = 'Fetch all pages, as one document'
$TaskclusterTcMeaning['--organization'] = 'Return only builds of this organization or user'
$TaskclusterTcMeaning['--repository'] = 'Return only builds of this repository'
$TaskclusterTcMeaning['--sha'] = 'Return only builds of this commit (full hash)'
$TaskclusterTcMeaning['--pull-request'] = 'Only builds of the pull request with this number'
$TaskclusterTcMeaning['--since'] = 'Return only requests from this time on'
$TaskclusterTcMeaning['--quarantined'] = 'Only workers in quarantine (true), or only the others (false)'
$TaskclusterTcMeaning['--launch-config-id'] = 'Only entries of this launch config'
$TaskclusterTcMeaning['--error-id'] = 'Only the error with this id'
$TaskclusterTcMeaning['--include-archived'] = 'Also list archived launch configs (true)'
$TaskclusterTcMeaning['--worker-pool-id'] = 'Only the errors of this worker pool'

$global:TaskclusterTcWithoutOutput = @('completions', 'config', 'config help', 'config reset', 'config set', 'exec', 'group', 'group logs', 'help', 'profile', 'profile edit', 'profile path', 'profile remove', 'profile set', 'profile unset', 'profile use', 'sandbox clock', 'sandbox run', 'sandbox start', 'sandbox stop', 'sandbox tour', 'signout', 'task', 'task log', 'update')

$global:TaskclusterTcOutput = @('--format', '-o', '--output', '--jq', '--columns', '-r', '--raw-strings')

$global:TaskclusterTcShared = @('--root-url', '--profile', '--reference', '--anonymous', '--authorized-scope', '--authorized-scopes', '--proxy', '--no-proxy', '--service-discovery', '--retries', '--timeout', '--delay-factor', '--randomization-factor', '--max-delay', '--retry-unsafe', '--trace-id', '--read-only', '--fake', '--fake-calls', '-v', '--verbose', '-q', '--quiet', '--color', '--pager', '--no-pager', '--error-format')

function global:Get-TaskclusterTcFolded([string] $Name) {
    return ($Name -replace '[-_]', '').ToLowerInvariant()
}

function global:Get-TaskclusterTcPlain($Element) {
    if ($Element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
        return $Element.Value
    }
    if ($Element -is [System.Management.Automation.Language.VariableExpressionAst]) {
        $Name = $Element.VariablePath.UserPath
        if ($Name -like 'env:*') {
            return [string] [Environment]::GetEnvironmentVariable($Name.Substring(4))
        }
        return [string] (Get-Variable -Name $Name -Scope Global -ValueOnly -ErrorAction SilentlyContinue)
    }
    return $Element.Extent.Text
}

function global:Get-TaskclusterTcEntry($Table, $State, [string] $Option) {
    foreach ($Key in "$($State.Tree):$Option", "$($State.Path):$Option", $Option) {
        if ($Table.ContainsKey($Key)) {
            return $Table[$Key]
        }
    }
    return ''
}

function global:Get-TaskclusterTcState([string[]] $Words) {
    $State = @{
        Path = ''; Tree = ''; Option = ''; OnlyArguments = $false
        Given = [System.Collections.Generic.List[string]]::new()
        Account = [System.Collections.Generic.List[string]]::new()
    }
    $IsShared = $false
    foreach ($Word in $Words) {
        if ($State.Option) {
            if ($IsShared) { $State.Account.Add($Word) }
            $State.Option = ''
        } elseif ($Word -ceq '--' -and -not $State.OnlyArguments) {
            $State.OnlyArguments = $true
        } elseif ($Word.Length -gt 1 -and $Word.StartsWith('-') -and -not $State.OnlyArguments) {
            $IsShared = $TaskclusterTcShared -ccontains ($Word -split '=', 2)[0]
            if ($IsShared) { $State.Account.Add($Word) }
            $Value = Get-TaskclusterTcEntry $TaskclusterTcValue $State $Word
            if (-not $Word.Contains('=') -and $Value -and $Value -ne '0') { $State.Option = $Word }
        } elseif ($TaskclusterTcPlaces[$State.Path] -eq '+') {
            $State.Path = "$($State.Path) $(Get-TaskclusterTcFolded $Word)".Trim()
            if ($State.Tree -and $State.Path.StartsWith('/ ')) {
                $State.Path = $State.Path -replace '^/ ', ''
                if ($TaskclusterTcPlaces.ContainsKey("$($State.Tree) $($State.Path)")) {
                    $State.Path = "$($State.Tree) $($State.Path)"
                    $State.Tree = ''
                }
            }
            if (-not $TaskclusterTcPlaces.ContainsKey($State.Path)) { return $null }
            if ($TaskclusterTcTree.ContainsKey($State.Path)) {
                $State.Tree = $State.Path
                $State.Path = '/'
            }
        } else {
            $State.Given.Add($Word)
        }
    }
    if ($State.Option -and $IsShared) { $State.Account.RemoveAt($State.Account.Count - 1) }
    return $State
}

function global:Get-TaskclusterTcValues([string] $Kind, $State, [string] $Tool, [string] $Current) {
    $Words = @($State.Given) + @($Current)
    if (-not $Current -and $PSVersionTable.PSVersion -lt [version] '7.3') { $Words[-1] = '""' }
    $Account = @($State.Account)
    $Found = & $Tool @Account completions --values $Kind '--' @Words 2>$null
    return @($Found | Where-Object { $_ })
}

function global:Get-TaskclusterTcKind([string] $Kind, $State, [string] $Tool, [string] $Current) {
    $Last = if ($State.Given.Count) { Get-TaskclusterTcFolded $State.Given[$State.Given.Count - 1] } else { '' }
    switch -Wildcard -CaseSensitive ($Kind) {
        '=*' { return $Kind.Substring(1) -split ',' }
        '' { return @() }
        '-' { return @() }
        'service' { return $TaskclusterTcWords['/'] }
        'method' { return $TaskclusterTcWords[$Last] }
        'exchange' { return $TaskclusterTcExchanges[$Last] }
        'topic' { return $TaskclusterTcTopics + $TaskclusterTcWords[''] }
        'command' { return @(Get-Command "$Current*" -CommandType Application | ForEach-Object Name) }
        { $_ -in 'file', 'folder', '@file' } { return $null }
        '*|file' {
            $Found = Get-TaskclusterTcValues ($Kind -replace '\|file$', '') $State $Tool $Current
            if ($Found) { return $Found }
            return $null
        }
        default { return Get-TaskclusterTcValues $Kind $State $Tool $Current }
    }
}

function global:Get-TaskclusterTcPlace([string] $Places, $State, [string] $Tool, [string] $Current) {
    $Kinds = @($Places -split ' ')
    $Place = $State.Given.Count
    if ($Kinds[-1] -eq '...' -and $Place -ge $Kinds.Count - 1) { $Place = $Kinds.Count - 2 }
    if ($Place -ge $Kinds.Count) { return @() }
    if ($Kinds[$Place] -ne 'argument') { return Get-TaskclusterTcKind $Kinds[$Place] $State $Tool $Current }
    $Path = "$(Get-TaskclusterTcFolded $State.Given[0]) $(Get-TaskclusterTcFolded $State.Given[1])"
    if (-not $TaskclusterTcPlaces.ContainsKey($Path)) { return @() }
    $State.Given.RemoveRange(0, 2)
    return Get-TaskclusterTcPlace $TaskclusterTcPlaces[$Path] $State $Tool $Current
}

function global:Get-TaskclusterTcOptions($State) {
    $All = @($TaskclusterTcOptions[$State.Path] -split ' ')
    if ($State.Tree -and $TaskclusterTcTree[$State.Tree] -ne '-') {
        $All = @("$($TaskclusterTcQuery[$State.Path]) $($TaskclusterTcTree[$State.Tree])".Trim() -split ' ')
    }
    if ($TaskclusterTcWithoutOutput -notcontains $State.Path) { $All += $TaskclusterTcOutput }
    foreach ($Option in @($All + $TaskclusterTcShared | Where-Object { $_ } | Select-Object -Unique)) {
        "$Option`t$(Get-TaskclusterTcEntry $TaskclusterTcMeaning $State $Option)"
    }
}

Register-ArgumentCompleter -Native -CommandName @('tc', 'taskcluster-tc', 'tc.exe', 'taskcluster-tc.exe') -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)

    $Before = @($CommandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $CursorPosition })
    $Words = @($Before | Select-Object -Skip 1 | ForEach-Object { Get-TaskclusterTcPlain $_ })
    $Tool = $CommandAst.GetCommandName()
    $Current = "$WordToComplete" -replace '["'']', ''
    $Start = ''
    $State = Get-TaskclusterTcState $Words
    if (-not $State) { return }
    $Found = if ($State.Option) {
        Get-TaskclusterTcKind (Get-TaskclusterTcEntry $TaskclusterTcValue $State $State.Option) $State $Tool $Current
    } elseif (-not $State.OnlyArguments -and $Current -match '^(--[^=]+)=(.*)$') {
        $Start = "$($Matches[1])="
        $Current = $Matches[2]
        Get-TaskclusterTcKind (Get-TaskclusterTcEntry $TaskclusterTcValue $State $Matches[1]) $State $Tool $Current
    } elseif (-not $State.OnlyArguments -and $Current.StartsWith('-')) {
        Get-TaskclusterTcOptions $State
    } elseif ($TaskclusterTcPlaces[$State.Path] -eq '+') {
        if ($State.Path -eq '/') { $TaskclusterTcWords[$State.Tree] }
        $TaskclusterTcWords[$State.Path]
    } else {
        Get-TaskclusterTcPlace "$($TaskclusterTcPlaces[$State.Path])" $State $Tool $Current
    }
    foreach ($Entry in @($Found | Where-Object { $_ })) {
        $Value, $Meaning = $Entry -split "`t", 2
        if (-not $Value.StartsWith($Current, [StringComparison]::OrdinalIgnoreCase)) { continue }
        $Text = "$Start$Value"
        if ($Text -notmatch '^[A-Za-z0-9_./:=%+~^-]+$') {
            $Text = "'" + ($Text -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
        }
        $Shown = if ($Meaning) { $Meaning } else { $Value }
        $Type = if ($Value.StartsWith('-')) { 'ParameterName' } else { 'ParameterValue' }
        [System.Management.Automation.CompletionResult]::new($Text, $Value, $Type, $Shown)
    }
}
