# Completion of tc in fish, generated: a change to this file is lost.
#
#   tc completions fish | source

# Path of a group: what may come next.
function __taskcluster_words
    switch "$argv[1]"
    case '/'
    printf '%s\t%s\n' \
    'auth' 'Clients, roles, scopes' \
    'github' 'GitHub builds: statuses, comments, cancellation' \
    'hooks' 'Task templates fired by a schedule, a call or a message' \
    'index' 'Tasks and their artifacts by a readable path' \
    'notify' 'Email, Matrix, Slack and Pulse messages' \
    'object' 'Large files with an expiry: upload, download, metadata' \
    'purge-cache' 'Requests that workers delete caches' \
    'queue' 'Tasks, their runs, artifacts and workers' \
    'secrets' 'Small secrets under a name, protected by scopes' \
    'web-server' 'Firefox Profiler profiles of tasks and task groups' \
    'worker-manager' 'Worker pools, launch configs, workers and their errors'
    case ''
    printf '%s\t%s\n' \
    'batch' 'Make many calls, from lines of stdin' \
    'completions' 'Print completion scripts for bash, zsh, fish and PowerShell' \
    'config' 'Print and change the configuration file of the Go client,…' \
    'download' 'Download an artifact or an object, complete and verified' \
    'download-artifact' 'Download an artifact, complete and verified' \
    'download-object' 'Download an object, complete and verified' \
    'events' 'List the events of services, and print how to bind to them' \
    'exec' 'Run a command with the account\'s variables and with values of secrets' \
    'find' 'Find methods, commands and help by what they are about' \
    'from-now' 'Print a timestamp relative to now' \
    'group' 'Print the tasks of a group and their states, or cancel them' \
    'help' 'Print the help of a topic, a command, a service or a method' \
    'open' 'Open the page of a task, a group, a hook, a worker or a pool in a…' \
    'profile' 'List, show and change the profiles, which have root URLs,…' \
    'references' 'Fetch and compare the API references of a deployment' \
    'sandbox' 'Run a Taskcluster deployment on this machine' \
    'schema' 'Print the JSON schema of a method\'s payload or response' \
    'scopes' 'Show which scopes a call needs, and whether you have them' \
    'signed-url' 'Print a URL that anyone can fetch until it expires' \
    'signin' 'Sign in with a browser and set the credentials in the shell, or in a…' \
    'signout' 'Forget the credentials of a profile or of the shell, and delete…' \
    'skeleton' 'Print an example payload for a method' \
    'slugid' 'Generate slugids, and convert them to UUIDs and back' \
    'task' 'Look at a task and its log, create one, run it again, or cancel it' \
    'temp-credentials' 'Issue temporary credentials with the scopes you give' \
    'update' 'Print the command that updates tc' \
    'upload' 'Upload an artifact or an object' \
    'upload-artifact' 'Upload an artifact' \
    'upload-object' 'Upload an object' \
    'url' 'Print the URL of an API call' \
    'validate' 'Check a payload against a method\'s schema, without sending it' \
    'validate-json' 'Check a JSON or YAML document against a JSON schema' \
    'version' 'Print the version of tc, or of the deployment' \
    'whoami' 'Show the credentials in use, where they come from, when they end,…' \
    'api' 'Call a method: tc api queue task is the same as tc queue task' \
    'auth' 'Clients, roles, scopes' \
    'github' 'GitHub builds: statuses, comments, cancellation' \
    'hooks' 'Task templates fired by a schedule, a call or a message' \
    'index' 'Tasks and their artifacts by a readable path' \
    'notify' 'Email, Matrix, Slack and Pulse messages' \
    'object' 'Large files with an expiry: upload, download, metadata' \
    'purge-cache' 'Requests that workers delete caches' \
    'queue' 'Tasks, their runs, artifacts and workers' \
    'secrets' 'Small secrets under a name, protected by scopes' \
    'web-server' 'Firefox Profiler profiles of tasks and task groups' \
    'worker-manager' 'Worker pools, launch configs, workers and their errors'
    case 'config'
    printf '%s\t%s\n' \
    'get' 'Print values of the configuration, or one of them' \
    'help' 'Describe the keys of the configuration' \
    'reset' 'Remove values from the configuration' \
    'set' 'Set a value of the configuration'
    case 'download'
    printf '%s\t%s\n' \
    'artifact' 'Download an artifact of a task, or all that match a pattern' \
    'object' 'Download an object'
    case 'events'
    printf '%s\t%s\n' \
    'bind' 'Print the exchange and the routing-key pattern for an event' \
    'list' 'List services, exchanges and their routing keys'
    case 'group'
    printf '%s\t%s\n' \
    'artifacts' 'Print the artifacts of the tasks of a group' \
    'cancel' 'Cancel the tasks of a group' \
    'download' 'Download artifacts of the tasks of a group' \
    'failures' 'Print why the tasks of a group failed, those that failed alike…' \
    'list' 'Print the tasks of a group' \
    'logs' 'Print the logs of tasks of a group' \
    'prioritize' 'Change the priority of the tasks of a group' \
    'rerun' 'Run tasks of a group again' \
    'seal' 'Seal a group, so that no task can be added to it' \
    'status' 'Print how many tasks of a group are in each state' \
    'wait' 'Wait until a group is settled, and print each task as it ends' \
    'watch' 'Watch a group until it is settled'
    case 'profile'
    printf '%s\t%s\n' \
    'edit' 'Open the file of profiles in an editor' \
    'list' 'List the profiles' \
    'path' 'Print the path of the file of profiles' \
    'remove' 'Remove profiles' \
    'set' 'Set keys of a profile, or create one' \
    'show' 'Show a profile' \
    'unset' 'Remove keys of a profile' \
    'use' 'Make a profile the default'
    case 'references'
    printf '%s\t%s\n' \
    'diff' 'Compare the references of the deployment with the built-in ones' \
    'distill' 'Convert published references to the files of tccli/references' \
    'update' 'Fetch the references of the deployment and use them'
    case 'sandbox'
    printf '%s\t%s\n' \
    'calls' 'Print the requests that a sandbox received' \
    'clock' 'Print or move a sandbox\'s time' \
    'methods' 'List the methods that the sandbox implements' \
    'outbox' 'Print the messages of notify' \
    'run' 'Run a command with a new sandbox' \
    'start' 'Run a sandbox until Ctrl-C' \
    'stop' 'Stop a sandbox that runs in the background' \
    'tour' 'Watch a first session'
    case 'scopes'
    printf '%s\t%s\n' \
    'check' 'Check whether your credentials are enough for a call' \
    'expand' 'Expand the roles among scopes' \
    'required' 'Print which scopes a call needs' \
    'satisfied' 'Check whether scopes satisfy others'
    case 'signedurl'
    printf '%s\t%s\n' \
    'artifact' 'Print a URL by which anyone can fetch an artifact until it expires'
    case 'slugid'
    printf '%s\t%s\n' \
    'decode' 'Print the UUID of a slugid' \
    'encode' 'Print the slugid of a UUID' \
    'generate' 'Print a new slugid'
    case 'task'
    printf '%s\t%s\n' \
    'artifacts' 'Print the names of the artifacts of a task' \
    'cancel' 'Cancel tasks' \
    'complete' 'Complete a task, as its worker would' \
    'def' 'Print the definition of a task' \
    'group' 'Print the id of the group of a task' \
    'list' 'Print the pending and running tasks of a task queue' \
    'log' 'Print the log of a task, to its end' \
    'name' 'Print the name of a task' \
    'prioritize' 'Change the priority of tasks' \
    'rerun' 'Run tasks again, under the same ids' \
    'retrigger' 'Create a task with the definition of another one' \
    'run' 'Create a task that runs a command in an image' \
    'status' 'Print the state of a task, and why it was resolved' \
    'wait' 'Wait until tasks are completed, and print each as it ends' \
    'why' 'Explain why a task is pending, unscheduled, still running, failed or…'
    case 'upload'
    printf '%s\t%s\n' \
    'artifact' 'Upload a file as an artifact of a run' \
    'object' 'Upload a file as an object'
    case 'url'
    printf '%s\t%s\n' \
    'artifact' 'Print the URL of an artifact'
    case 'auth'
    printf '%s\t%s\n' \
    'authenticateHawk' 'Check the signature of a request' \
    'awsS3Credentials' 'Issue AWS keys for one prefix of an S3 bucket, valid for an hour' \
    'client' 'Show one client: its scopes, expiry and whether it is disabled' \
    'createClient' 'Create a client and show its access token' \
    'createRole' 'Create a role that grants a set of scopes' \
    'currentScopes' 'Show the scopes of the credentials in use, with roles expanded' \
    'deleteClient' 'Delete a client' \
    'deleteRole' 'Delete a role' \
    'disableClient' 'Disable a client without deleting it' \
    'enableClient' 'Enable a disabled client again' \
    'expandScopes' 'Expand the scopes you give by the roles they assume' \
    'gcpCredentials' 'Issue an access token for a Google Cloud service account' \
    'getEntityHistory' 'List who changed one client, role, secret, hook or pool, and when' \
    'githubRepoToken' 'Issue a GitHub app token limited to some repositories' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listAuditHistory' 'List what one client did to clients, roles, secrets, hooks, pools' \
    'listClients' 'List clients with their scopes, optionally by clientId prefix' \
    'listRoleIds' 'List the names of all roles, without their scopes' \
    'listRoles' 'List all roles with their scopes as one array, without pages' \
    'listRoles2' 'List roles with their scopes' \
    'ping' 'Check that the service responds' \
    'resetAccessToken' 'Replace a client\'s access token and show the new one' \
    'role' 'Show one role and the scopes it expands to' \
    'sentryDSN' 'Issue a Sentry DSN' \
    'testAuthenticate' 'Test the request signing of a client library' \
    'testAuthenticateGet' 'Test the signed URLs (bewit) of a client library' \
    'updateClient' 'Change a client\'s scopes, description or expiry' \
    'updateRole' 'Replace a role\'s scopes and description' \
    'version' 'Show which release of the service is deployed' \
    'websocktunnelToken' 'Issue a token for connecting to a websocktunnel server'
    case 'github'
    printf '%s\t%s\n' \
    'badge' 'Return an SVG badge with the state of a branch' \
    'builds' 'List builds by organization, repository, commit or pull request' \
    'cancelBuilds' 'Cancel all pending builds of a repository, commit or pull request' \
    'createComment' 'Comment on an issue or pull request as the GitHub app' \
    'createStatus' 'Set a status on a commit as the GitHub app' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'latest' 'Print the URL of the page for a branch\'s newest commit' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'ping' 'Check that the service responds' \
    'renderTaskclusterYml' 'Preview the tasks that a .taskcluster.yml creates for an event' \
    'repository' 'Show whether the GitHub app is installed for a repository' \
    'version' 'Show which release of the service is deployed'
    case 'hooks'
    printf '%s\t%s\n' \
    'createHook' 'Create a hook' \
    'getHookStatus' 'Deprecated, use listLastFires: show the last and the next fire' \
    'getTriggerToken' 'Show the token that triggers a hook without credentials' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'hook' 'Show a hook: task template, schedule, bindings, trigger schema' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listHookGroups' 'List the groups that have hooks' \
    'listHooks' 'List the definitions of one group\'s hooks' \
    'listLastFires' 'List the last fires of a hook, with their tasks and errors' \
    'ping' 'Check that the service responds' \
    'removeHook' 'Delete a hook' \
    'resetTriggerToken' 'Replace a hook\'s trigger token' \
    'triggerHook' 'Trigger a hook with a payload' \
    'triggerHookWithToken' 'Trigger a hook with a payload and its token, without credentials' \
    'updateHook' 'Replace the definition of a hook' \
    'version' 'Show which release of the service is deployed'
    case 'index'
    printf '%s\t%s\n' \
    'deleteTask' 'Delete one entry of the index' \
    'findArtifactFromTask' 'Print the URL of an artifact of the task at an index path' \
    'findTask' 'Show the entry at one exact index path, with its taskId' \
    'findTasksAtIndex' 'Find the entries at many exact index paths at once' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'insertTask' 'Set the task at an index path, unless a higher rank exists' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listNamespaces' 'List the namespaces one level below a namespace' \
    'listTasks' 'List the entries directly in a namespace' \
    'ping' 'Check that the service responds' \
    'version' 'Show which release of the service is deployed'
    case 'notify'
    printf '%s\t%s\n' \
    'addDenylistAddress' 'Add an address to the denylist: no messages are sent to it' \
    'deleteDenylistAddress' 'Delete an address from the denylist' \
    'email' 'Send a Markdown message by email to one address' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listDenylist' 'List the addresses on the denylist' \
    'matrix' 'Send a message to a Matrix room' \
    'ping' 'Check that the service responds' \
    'pulse' 'Publish a Pulse message with a routing key' \
    'slack' 'Send a message to a Slack channel' \
    'version' 'Show which release of the service is deployed'
    case 'object'
    printf '%s\t%s\n' \
    'createUpload' 'Start an upload and return where to send the data' \
    'download' 'Print the URL of an object\'s data, for curl or a browser' \
    'finishUpload' 'Finish an upload' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'object' 'Show an object\'s project, expiry and hashes, not its data' \
    'ping' 'Check that the service responds' \
    'startDownload' 'Return the URL and the hashes of an object, to verify and resume' \
    'version' 'Show which release of the service is deployed'
    case 'purgecache'
    printf '%s\t%s\n' \
    'allPurgeRequests' 'List the purge requests of all worker pools (for administrators)' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'ping' 'Check that the service responds' \
    'purgeCache' 'Create a purge request: workers of a pool delete a cache' \
    'purgeRequests' 'List the purge requests of one worker pool (for workers)' \
    'version' 'Show which release of the service is deployed'
    case 'queue'
    printf '%s\t%s\n' \
    'artifact' 'Show where an artifact of one run is stored, links followed' \
    'artifactInfo' 'Show type and expiry of an artifact of one run' \
    'cancelTask' 'Cancel a task that is not resolved' \
    'cancelTaskGroup' 'Cancel all unresolved tasks of a sealed task group' \
    'changeTaskGroupPriority' 'Change the priority of a group\'s tasks that were never resolved' \
    'changeTaskPriority' 'Change the priority of a task that was never resolved' \
    'claimTask' 'Deprecated, use claimWork: claim one run of a task' \
    'claimWork' 'Claim pending runs of a task queue, or wait for them (workers)' \
    'createArtifact' 'Add an artifact to a run and get where to upload it (workers)' \
    'createTask' 'Create a task with a taskId of your choice' \
    'declareWorker' 'Declare a worker to the queue, or extend its expiry' \
    'finishArtifact' 'Mark an object artifact as uploaded (workers)' \
    'getArtifact' 'Redirect to an artifact\'s content in one run, for curl or a browser' \
    'getLatestArtifact' 'Redirect to an artifact\'s content in the latest run' \
    'getProvisioner' 'Deprecated: show one provisioner' \
    'getTaskGroup' 'Show when a task group expires and was sealed, not its tasks' \
    'getTaskQueue' 'Show when workers last asked a task queue for work' \
    'getWorker' 'Deprecated, use worker-manager getWorker: show one worker' \
    'getWorkerType' 'Deprecated, use getTaskQueue: show one worker type' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'latestArtifact' 'Show where an artifact of the latest run is stored' \
    'latestArtifactInfo' 'Show type and expiry of an artifact of the latest run' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listArtifacts' 'List the artifacts of one run' \
    'listClaimedTasks' 'List the claimed tasks of a task queue, oldest claim first' \
    'listDependentTasks' 'List the tasks that depend on a task' \
    'listLatestArtifacts' 'List the artifacts of a task\'s latest run' \
    'listPendingTasks' 'List the pending tasks of a task queue, oldest first' \
    'listProvisioners' 'Deprecated: list recently active provisioners' \
    'listTaskGroup' 'List the tasks of a task group, each with its status' \
    'listTaskQueues' 'List the task queues that workers asked for work in the last day' \
    'listWorkerTypes' 'Deprecated, use listTaskQueues: list a provisioner\'s worker types' \
    'listWorkers' 'Deprecated, use worker-manager listWorkers: list workers' \
    'pendingTasks' 'Deprecated, use taskQueueCounts: count a queue\'s pending tasks' \
    'ping' 'Check that the service responds' \
    'quarantineWorker' 'Stop a worker from claiming tasks until a given time' \
    'reclaimTask' 'Extend the claim on a run and renew its credentials (workers)' \
    'reportCompleted' 'Resolve a run as completed (workers)' \
    'reportException' 'Resolve a run as exception, perhaps with a retry (workers)' \
    'reportFailed' 'Resolve a run as failed because its commands failed (workers)' \
    'rerunTask' 'Run a resolved task again, with its retries reset' \
    'scheduleTask' 'Make a task pending now, without waiting for its dependencies' \
    'sealTaskGroup' 'Close a task group to new tasks, irreversibly' \
    'status' 'Show a task\'s state and runs, not its definition' \
    'statuses' 'Show the states and runs of many tasks' \
    'task' 'Show a task\'s definition (payload, scopes), not its state' \
    'taskQueueCounts' 'Count the pending and the claimed runs of a task queue' \
    'taskQueueCountsBatch' 'Count the pending and the claimed runs of many task queues' \
    'tasks' 'Show the definitions of many tasks' \
    'version' 'Show which release of the service is deployed'
    case 'secrets'
    printf '%s\t%s\n' \
    'get' 'Show a secret\'s value and expiry' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'list' 'List the names of secrets, without their values' \
    'ping' 'Check that the service responds' \
    'remove' 'Delete a secret' \
    'set' 'Create a secret, or replace the one of that name' \
    'version' 'Show which release of the service is deployed'
    case 'webserver'
    printf '%s\t%s\n' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'ping' 'Check that the service responds' \
    'taskGroupProfile' 'Create a Firefox Profiler profile of a task group\'s timing' \
    'taskProfile' 'Create a Firefox Profiler profile of a resolved task\'s log' \
    'version' 'Show which release of the service is deployed'
    case 'workermanager'
    printf '%s\t%s\n' \
    'createWorker' 'Add a worker to a pool with a static provider' \
    'createWorkerPool' 'Create a worker pool' \
    'deleteWorkerPool' 'Delete a worker pool once its workers are gone' \
    'getWorker' 'Show a worker as the queue knows it: recent tasks, quarantine' \
    'heartbeat' 'Check the health of the service (for operators)' \
    'lbheartbeat' 'Check that the process accepts requests (for load balancers)' \
    'listProviders' 'List the providers that a worker pool can use' \
    'listWorkerPoolErrors' 'List the errors of a worker pool, newest first' \
    'listWorkerPoolLaunchConfigs' 'List a pool\'s launch configs, archived ones on request' \
    'listWorkerPools' 'List the worker pools with their definitions' \
    'listWorkerPoolsStats' 'List the worker counts and capacity of every worker pool' \
    'listWorkers' 'List the workers of a pool that claim work, and quarantined ones' \
    'listWorkersForWorkerGroup' 'List a pool\'s workers in one worker group, as provisioned' \
    'listWorkersForWorkerPool' 'List a pool\'s workers as provisioned, newest first' \
    'ping' 'Check that the service responds' \
    'registerWorker' 'Register a started worker and get its credentials (workers)' \
    'removeWorker' 'Ask the provider to stop a worker' \
    'reportWorkerError' 'Add an error to a worker pool\'s list (workers)' \
    'reregisterWorker' 'Renew the credentials and the lifetime of a worker (workers)' \
    'shouldWorkerTerminate' 'Show whether a worker should stop, and why' \
    'updateWorker' 'Change expiry, capacity and secret of a static worker' \
    'updateWorkerPool' 'Replace the definition of a worker pool' \
    'version' 'Show which release of the service is deployed' \
    'worker' 'Show a worker as provisioned: state, capacity, expiry' \
    'workerPool' 'Show the definition and the worker counts of a worker pool' \
    'workerPoolErrorStats' 'Count the stored errors of one or all pools' \
    'workerPoolStats' 'Show a pool\'s worker counts and capacity by launch config'
    case '*'
    return 1
    end
end

# Service: its exchanges.
function __taskcluster_exchanges
    switch "$argv[1]"
    case 'auth'
    printf '%s\t%s\n' \
    'clientCreated' 'A client was created' \
    'clientUpdated' 'A client was changed' \
    'clientDeleted' 'A client was deleted' \
    'roleCreated' 'A role was created' \
    'roleUpdated' 'A role was changed' \
    'roleDeleted' 'A role was deleted'
    case 'github'
    printf '%s\t%s\n' \
    'pullRequest' 'A pull request changed, or was commented on' \
    'push' 'Commits or a tag were pushed to a GitHub repository' \
    'taskclusterYmlUpdate' 'A push changed a repository\'s .taskcluster.yml' \
    'release' 'A release was published or changed on GitHub' \
    'rerun' 'A new run of a check was requested on GitHub' \
    'taskGroupCreationRequested' 'The tasks of a GitHub build were sent to the queue'
    case 'hooks'
    printf '%s\t%s\n' \
    'hookCreated' 'A hook with Pulse bindings was added' \
    'hookUpdated' 'A hook with Pulse bindings was changed' \
    'hookDeleted' 'A hook with Pulse bindings was removed'
    case 'notify'
    printf '%s\t%s\n' \
    'notify' 'A message sent by notify.pulse, or for a task that was resolved'
    case 'queue'
    printf '%s\t%s\n' \
    'taskDefined' 'A task was created, perhaps still waiting for dependencies' \
    'taskPending' 'A task became pending, ready for a worker' \
    'taskRunning' 'A run of a task started on a worker' \
    'artifactCreated' 'An artifact was added to a run, perhaps not yet uploaded' \
    'taskCompleted' 'A task succeeded' \
    'taskFailed' 'A task ran, and its own commands failed' \
    'taskException' 'A task was cancelled, expired, malformed or lost its workers' \
    'taskGroupResolved' 'A task group has nothing unresolved left (may recur)' \
    'taskGroupSealed' 'A task group was closed to new tasks' \
    'taskPriorityChanged' 'One task got another priority' \
    'taskGroupPriorityChanged' 'The tasks of a task group got another priority'
    case 'workermanager'
    printf '%s\t%s\n' \
    'workerPoolCreated' 'A worker pool was added' \
    'workerPoolUpdated' 'A worker pool was changed' \
    'workerPoolError' 'A worker or the provisioning of a pool met an error' \
    'workerRequested' 'A new worker was asked for from its provider' \
    'workerRunning' 'A worker registered and can claim work' \
    'workerStopped' 'A worker\'s instance ended or was shut down' \
    'workerRemoved' 'A worker was told to go, with the reason why' \
    'launchConfigCreated' 'A worker pool got a new launch config' \
    'launchConfigUpdated' 'A worker pool\'s launch config was changed' \
    'launchConfigArchived' 'A worker pool\'s launch config was retired'
    case '*'
    return 1
    end
end

# Path of a command: the kinds of its arguments; + for a group.
function __taskcluster_places
    switch "$argv[1]"
    case '/' '' 'config' 'download' 'events' 'group' 'profile' 'references' 'sandbox' 'scopes' 'signedurl' 'slugid' \
    'task' 'upload' 'url' 'api' 'auth' 'github' 'hooks' 'index' 'notify' 'object' 'purgecache' 'queue' 'secrets' \
    'webserver' 'workermanager'
    echo '+'
    case 'batch' 'scopes check' 'scopes required'
    echo 'service method argument ...'
    case 'completions'
    echo '=bash,zsh,fish,powershell file ...'
    case 'config get' 'config help' 'config reset' 'profile show' 'profile use' 'signout' 'slugid decode' \
    'slugid encode' 'task list' 'auth sentrydsn' 'object createupload' 'object download' 'object finishupload' \
    'object object' 'object startdownload'
    echo '-'
    case 'config set' 'open' 'auth gcpcredentials' 'auth getentityhistory' 'auth githubrepotoken' \
    'auth websocktunneltoken' 'github cancelbuilds' 'github repository'
    echo '- -'
    case 'download artifact' 'downloadartifact'
    echo 'task artifact artifact|file file ...'
    case 'download object' 'downloadobject'
    echo '- file'
    case 'events bind'
    echo 'service exchange - - - - ...'
    case 'events list'
    echo 'service'
    case 'exec' 'sandbox run'
    echo 'command ...'
    case 'find' 'fromnow' 'profile remove' 'sandbox clock' 'scopes expand' 'whoami'
    echo '- ...'
    case 'group artifacts' 'group download' 'group prioritize'
    echo 'task-group -'
    case 'group cancel' 'group failures' 'group list' 'group logs' 'group rerun' 'group seal' 'group status' \
    'group wait' 'group watch' 'queue canceltaskgroup' 'queue changetaskgrouppriority' 'queue gettaskgroup' \
    'queue listtaskgroup' 'queue sealtaskgroup' 'webserver taskgroupprofile'
    echo 'task-group'
    case 'help'
    echo 'topic method ...'
    case 'profile edit' 'profile list' 'profile path' 'references diff' 'references update' 'sandbox calls' \
    'sandbox methods' 'sandbox outbox' 'sandbox start' 'sandbox stop' 'sandbox tour' 'scopes satisfied' 'signin' \
    'slugid generate' 'tempcredentials' 'update' 'version' 'auth authenticatehawk' 'auth currentscopes' \
    'auth expandscopes' 'auth heartbeat' 'auth lbheartbeat' 'auth listclients' 'auth listroleids' 'auth listroles' \
    'auth listroles2' 'auth ping' 'auth testauthenticate' 'auth testauthenticateget' 'auth version' 'github builds' \
    'github heartbeat' 'github lbheartbeat' 'github ping' 'github rendertaskclusteryml' 'github version' \
    'hooks heartbeat' 'hooks lbheartbeat' 'hooks listhookgroups' 'hooks ping' 'hooks version' \
    'index findtasksatindex' 'index heartbeat' 'index lbheartbeat' 'index ping' 'index version' \
    'notify adddenylistaddress' 'notify deletedenylistaddress' 'notify email' 'notify heartbeat' \
    'notify lbheartbeat' 'notify listdenylist' 'notify matrix' 'notify ping' 'notify pulse' 'notify slack' \
    'notify version' 'object heartbeat' 'object lbheartbeat' 'object ping' 'object version' \
    'purgecache allpurgerequests' 'purgecache heartbeat' 'purgecache lbheartbeat' 'purgecache ping' \
    'purgecache version' 'queue heartbeat' 'queue lbheartbeat' 'queue listprovisioners' 'queue listtaskqueues' \
    'queue ping' 'queue statuses' 'queue taskqueuecountsbatch' 'queue tasks' 'queue version' 'secrets heartbeat' \
    'secrets lbheartbeat' 'secrets list' 'secrets ping' 'secrets version' 'webserver heartbeat' \
    'webserver lbheartbeat' 'webserver ping' 'webserver version' 'workermanager heartbeat' \
    'workermanager lbheartbeat' 'workermanager listproviders' 'workermanager listworkerpools' \
    'workermanager listworkerpoolsstats' 'workermanager ping' 'workermanager registerworker' \
    'workermanager reregisterworker' 'workermanager version' 'workermanager workerpoolerrorstats'
    echo ''
    case 'profile set'
    echo '- - - ...'
    case 'profile unset' 'task run'
    echo '- - ...'
    case 'references distill'
    echo 'file'
    case 'schema' 'skeleton'
    echo 'service method'
    case 'signedurl artifact' 'url artifact'
    echo 'task - - ...'
    case 'task artifacts' 'task complete' 'task def' 'task group' 'task log' 'task name' 'task retrigger' \
    'task why' 'queue canceltask' 'queue changetaskpriority' 'queue createtask' 'queue listdependenttasks' \
    'queue listlatestartifacts' 'queue reruntask' 'queue scheduletask' 'queue status' 'queue task' \
    'webserver taskprofile'
    echo 'task'
    case 'task cancel' 'task rerun' 'task status' 'task wait'
    echo 'task ...'
    case 'task prioritize'
    echo 'task -'
    case 'upload artifact' 'uploadartifact'
    echo 'task|file run|file - file ...'
    case 'upload object' 'uploadobject'
    echo 'file -'
    case 'validate'
    echo 'service method file'
    case 'validatejson'
    echo 'file file'
    case 'auth awss3credentials' 'github badge' 'github createcomment' 'github createstatus' 'github latest'
    echo '- - -'
    case 'auth client' 'auth createclient' 'auth deleteclient' 'auth disableclient' 'auth enableclient' \
    'auth listaudithistory' 'auth resetaccesstoken' 'auth updateclient'
    echo 'client'
    case 'auth createrole' 'auth deleterole' 'auth role' 'auth updaterole'
    echo 'role'
    case 'hooks createhook' 'hooks gethookstatus' 'hooks gettriggertoken' 'hooks hook' 'hooks listlastfires' \
    'hooks removehook' 'hooks resettriggertoken' 'hooks triggerhook' 'hooks updatehook'
    echo 'hook-group hook'
    case 'hooks listhooks'
    echo 'hook-group'
    case 'hooks triggerhookwithtoken'
    echo 'hook-group hook -'
    case 'index deletetask' 'index findtask' 'index inserttask'
    echo 'index-path'
    case 'index findartifactfromtask'
    echo 'index-path indexed-artifact'
    case 'index listnamespaces' 'index listtasks'
    echo 'namespace'
    case 'purgecache purgecache' 'purgecache purgerequests' 'workermanager createworkerpool' \
    'workermanager deleteworkerpool' 'workermanager listworkerpoolerrors' \
    'workermanager listworkerpoollaunchconfigs' 'workermanager listworkersforworkerpool' \
    'workermanager reportworkererror' 'workermanager updateworkerpool' 'workermanager workerpool' \
    'workermanager workerpoolstats'
    echo 'worker-pool'
    case 'queue artifact' 'queue artifactinfo' 'queue createartifact' 'queue finishartifact' 'queue getartifact'
    echo 'task run artifact'
    case 'queue claimtask' 'queue listartifacts' 'queue reclaimtask' 'queue reportcompleted' \
    'queue reportexception' 'queue reportfailed'
    echo 'task run'
    case 'queue claimwork' 'queue gettaskqueue' 'queue listclaimedtasks' 'queue listpendingtasks' \
    'queue pendingtasks' 'queue taskqueuecounts'
    echo 'task-queue'
    case 'queue declareworker' 'queue getworker' 'queue quarantineworker' 'workermanager getworker'
    echo 'provisioner worker-type worker-group worker'
    case 'queue getlatestartifact' 'queue latestartifact' 'queue latestartifactinfo'
    echo 'task artifact'
    case 'queue getprovisioner' 'queue listworkertypes'
    echo 'provisioner'
    case 'queue getworkertype' 'queue listworkers' 'workermanager listworkers'
    echo 'provisioner worker-type'
    case 'secrets get' 'secrets remove' 'secrets set'
    echo 'secret'
    case 'workermanager createworker' 'workermanager removeworker' 'workermanager shouldworkerterminate' \
    'workermanager updateworker' 'workermanager worker'
    echo 'worker-pool worker-group worker'
    case 'workermanager listworkersforworkergroup'
    echo 'worker-pool worker-group'
    case '*'
    return 1
    end
end

# Path: its options.
function __taskcluster_options
    switch "$argv[1]"
    case ''
    string join \n -- --version -h --help
    case 'batch'
    string join \n -- --csv --tsv --header --data --data-format --set --payload-from --id-from --query --no-validate --jobs --rate --in-order --keep-going --fail-fast --journal --assume-done --assume-failed --dry-run -h --help
    case 'completions' 'config' 'config help' 'download' 'events' 'events list' 'group' 'help' 'profile' \
    'profile edit' 'profile list' 'profile path' 'profile remove' 'profile unset' 'references' 'references diff' \
    'references update' 'sandbox' 'sandbox calls' 'sandbox outbox' 'sandbox stop' 'sandbox tour' 'scopes' \
    'scopes expand' 'signedurl' 'slugid decode' 'slugid encode' 'task' 'update' 'upload' 'url' 'api' 'auth' \
    'github' 'hooks' 'index' 'notify' 'object' 'purgecache' 'queue' 'secrets' 'webserver' 'workermanager'
    string join \n -- -h --help
    case 'config get'
    string join \n -- -f --format --show-secrets -h --help
    case 'config reset'
    string join \n -- -a --all -h --help
    case 'config set'
    string join \n -- -d --dry-run -h --help
    case 'download artifact' 'downloadartifact'
    string join \n -- --index -o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay --managed-only --list --literal --flat --max-age --newest -h --help
    case 'download object' 'downloadobject'
    string join \n -- -o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help
    case 'events bind'
    string join \n -- --with-keys -h --help
    case 'exec'
    string join \n -- --secret --secret-file --temp-scope --temp-expires -h --help
    case 'find'
    string join \n -- --limit -h --help
    case 'fromnow'
    string join \n -- --from -h --help
    case 'group artifacts'
    string join \n -- --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group cancel'
    string join \n -- -w --worker-type -f --force -n --dry-run --seal --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group download'
    string join \n -- -o --output --flat --all-runs -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help
    case 'group failures'
    string join \n -- --lines --against --all-runs --format --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group list'
    string join \n -- -a --all -r --running -f --failed -e --exception -c --complete --completed -u --unscheduled -p --pending --format-string --sort --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group logs'
    string join \n -- -f --follow -n --tail --grep --own --timestamps --prefix --appear --timeout --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -o -h --help
    case 'group prioritize'
    string join \n -- -f --force -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group rerun'
    string join \n -- --failed -f --force -n --dry-run --wait --log --timeout --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group seal'
    string join \n -- -n --dry-run -f --force --newest -h --help
    case 'group status'
    string join \n -- --by --exit-status --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help
    case 'group wait' 'group watch'
    string join \n -- --for --timeout --fail-fast --appear --failed --name --state --reason --queue --kind --tag --owner --longer --newest -h --help
    case 'open'
    string join \n -- --as --browser --no-browser --newest -h --help
    case 'profile set'
    string join \n -- --keyring -h --help
    case 'profile show'
    string join \n -- --show-secrets -h --help
    case 'profile use'
    string join \n -- --none -h --help
    case 'references distill'
    string join \n -- --methods -o --output -h --help
    case 'sandbox clock'
    string join \n -- --help
    case 'sandbox methods'
    string join \n -- --missing -h --help
    case 'sandbox run'
    string join \n -- --data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help
    case 'sandbox start'
    string join \n -- --port --detach --data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help
    case 'schema'
    string join \n -- -o --output --answer --response -h --help
    case 'scopes check' 'scopes required'
    string join \n -- --data --data-format -h --help
    case 'scopes satisfied'
    string join \n -- --have --need --expand -h --help
    case 'signedurl artifact'
    string join \n -- --latest --no-check --newest --expires --internal -h --help
    case 'signin'
    string join \n -- --check -s --scope --expires -n --name -p --port --browser --no-browser --wait --save --shell --csh -h --help
    case 'signout'
    string join \n -- --delete --shell -h --help
    case 'skeleton'
    string join \n -- --full -h --help
    case 'slugid'
    string join \n -- --v4 --count -h --help
    case 'slugid generate'
    string join \n -- -n --nice -h --help
    case 'task artifacts'
    string join \n -- -r --run --newest -h --help
    case 'task cancel' 'task complete' 'task prioritize'
    string join \n -- -n --noop --dry-run -c --confirm -f --force --newest -h --help
    case 'task def' 'task group' 'task name' 'task why'
    string join \n -- --newest -h --help
    case 'task list'
    string join \n -- --pending --claimed -h --help
    case 'task log'
    string join \n -- -r --run -n --tail --grep --own --timestamps --no-follow -f --follow --wait --exit-status --timeout --newest -o -h --help
    case 'task rerun'
    string join \n -- -f --force -n --noop --dry-run -c --confirm --newest --wait --log --timeout -h --help
    case 'task retrigger'
    string join \n -- -e --exact --env --set --edit --times -n --dry-run --group --wait --log --timeout --newest -h --help
    case 'task run'
    string join \n -- --queue --provisioner --worker-type -e --env --group --set --dependency --name --description --owner --source --retries --wait --log --timeout --cancel-on-interrupt -h --help
    case 'task status'
    string join \n -- -a --all-runs -r --run --max-age --exit-status --newest -h --help
    case 'task wait'
    string join \n -- --for --timeout --fail-fast --log --newest -h --help
    case 'tempcredentials'
    string join \n -- --scope --name --start --expires --shell --csh -h --help
    case 'upload artifact' 'uploadartifact'
    string join \n -- --storage --link --reference --error --message --expires --content-type --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help
    case 'upload object' 'uploadobject'
    string join \n -- --project-id --expires --content-type --upload-id --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help
    case 'url artifact'
    string join \n -- --newest --internal -h --help
    case 'validate'
    string join \n -- --answer --response --data-format -h --help
    case 'validatejson'
    string join \n -- --data-format -h --help
    case 'version'
    string join \n -- --server -s --short-version -h --help
    case 'whoami'
    string join \n -- --all --check --expand -h --help
    case 'auth authenticatehawk' 'auth createclient' 'auth createrole' 'auth expandscopes' 'auth githubrepotoken' \
    'auth testauthenticate' 'auth updateclient' 'auth updaterole' 'github createcomment' 'github createstatus' \
    'github rendertaskclusteryml' 'hooks createhook' 'hooks triggerhook' 'hooks triggerhookwithtoken' \
    'hooks updatehook' 'index inserttask' 'notify adddenylistaddress' 'notify deletedenylistaddress' 'notify email' \
    'notify matrix' 'notify pulse' 'notify slack' 'object createupload' 'object finishupload' \
    'object startdownload' 'purgecache purgecache' 'queue changetaskgrouppriority' 'queue changetaskpriority' \
    'queue claimtask' 'queue claimwork' 'queue createartifact' 'queue createtask' 'queue declareworker' \
    'queue finishartifact' 'queue quarantineworker' 'queue reportexception' 'queue taskqueuecountsbatch' \
    'secrets set' 'workermanager createworker' 'workermanager createworkerpool' 'workermanager registerworker' \
    'workermanager reportworkererror' 'workermanager reregisterworker' 'workermanager updateworker' \
    'workermanager updateworkerpool'
    string join \n -- --data --data-format --set --no-validate --dry-run -h --help
    case 'auth awss3credentials'
    string join \n -- --format --dry-run -h --help
    case 'auth client' 'auth currentscopes' 'auth deleteclient' 'auth deleterole' 'auth disableclient' \
    'auth enableclient' 'auth gcpcredentials' 'auth heartbeat' 'auth lbheartbeat' 'auth listroles' 'auth ping' \
    'auth resetaccesstoken' 'auth role' 'auth sentrydsn' 'auth testauthenticateget' 'auth version' \
    'auth websocktunneltoken' 'github badge' 'github heartbeat' 'github latest' 'github lbheartbeat' 'github ping' \
    'github repository' 'github version' 'hooks gethookstatus' 'hooks gettriggertoken' 'hooks heartbeat' \
    'hooks hook' 'hooks lbheartbeat' 'hooks listhookgroups' 'hooks listhooks' 'hooks ping' 'hooks removehook' \
    'hooks resettriggertoken' 'hooks version' 'index deletetask' 'index findartifactfromtask' 'index findtask' \
    'index heartbeat' 'index lbheartbeat' 'index ping' 'index version' 'notify heartbeat' 'notify lbheartbeat' \
    'notify ping' 'notify version' 'object download' 'object heartbeat' 'object lbheartbeat' 'object object' \
    'object ping' 'object version' 'purgecache heartbeat' 'purgecache lbheartbeat' 'purgecache ping' \
    'purgecache version' 'queue artifact' 'queue artifactinfo' 'queue canceltask' 'queue canceltaskgroup' \
    'queue getartifact' 'queue getlatestartifact' 'queue getprovisioner' 'queue gettaskgroup' 'queue gettaskqueue' \
    'queue getworker' 'queue getworkertype' 'queue heartbeat' 'queue latestartifact' 'queue latestartifactinfo' \
    'queue lbheartbeat' 'queue pendingtasks' 'queue ping' 'queue reclaimtask' 'queue reportcompleted' \
    'queue reportfailed' 'queue reruntask' 'queue scheduletask' 'queue sealtaskgroup' 'queue status' 'queue task' \
    'queue taskqueuecounts' 'queue version' 'secrets get' 'secrets heartbeat' 'secrets lbheartbeat' 'secrets ping' \
    'secrets remove' 'secrets version' 'webserver heartbeat' 'webserver lbheartbeat' 'webserver ping' \
    'webserver taskgroupprofile' 'webserver taskprofile' 'webserver version' 'workermanager deleteworkerpool' \
    'workermanager getworker' 'workermanager heartbeat' 'workermanager lbheartbeat' 'workermanager ping' \
    'workermanager removeworker' 'workermanager shouldworkerterminate' 'workermanager version' \
    'workermanager worker' 'workermanager workerpool' 'workermanager workerpoolstats'
    string join \n -- --dry-run -h --help
    case 'auth getentityhistory' 'auth listaudithistory' 'auth listroleids' 'auth listroles2' 'hooks listlastfires' \
    'index listnamespaces' 'index listtasks' 'notify listdenylist' 'purgecache allpurgerequests' \
    'queue listartifacts' 'queue listclaimedtasks' 'queue listdependenttasks' 'queue listlatestartifacts' \
    'queue listpendingtasks' 'queue listprovisioners' 'queue listtaskgroup' 'queue listtaskqueues' \
    'queue listworkertypes' 'secrets list' 'workermanager listproviders' 'workermanager listworkerpools' \
    'workermanager listworkerpoolsstats' 'workermanager listworkersforworkergroup'
    string join \n -- --continuation-token --limit --paginate --dry-run -h --help
    case 'auth listclients'
    string join \n -- --prefix --continuation-token --limit --paginate --dry-run -h --help
    case 'github builds'
    string join \n -- --continuation-token --limit --organization --repository --sha --pull-request --paginate --dry-run -h --help
    case 'github cancelbuilds'
    string join \n -- --sha --pull-request --dry-run -h --help
    case 'index findtasksatindex' 'queue statuses' 'queue tasks'
    string join \n -- --continuation-token --limit --data --data-format --set --no-validate --paginate --dry-run -h --help
    case 'purgecache purgerequests'
    string join \n -- --since --dry-run -h --help
    case 'queue listworkers'
    string join \n -- --continuation-token --limit --quarantined --paginate --dry-run -h --help
    case 'workermanager listworkerpoolerrors'
    string join \n -- --continuation-token --limit --launch-config-id --error-id --paginate --dry-run -h --help
    case 'workermanager listworkerpoollaunchconfigs'
    string join \n -- --continuation-token --limit --include-archived --paginate --dry-run -h --help
    case 'workermanager listworkers'
    string join \n -- --continuation-token --limit --launch-config-id --quarantined --worker-state --paginate --dry-run -h --help
    case 'workermanager listworkersforworkerpool'
    string join \n -- --continuation-token --limit --launch-config-id --state --paginate --dry-run -h --help
    case 'workermanager workerpoolerrorstats'
    string join \n -- --worker-pool-id --dry-run -h --help
    case '*'
    return 1
    end
end

# Path of a method: its query options.
function __taskcluster_query
    switch "$argv[1]"
    case 'auth awss3credentials'
    string join \n -- --format
    case 'auth getentityhistory' 'auth listaudithistory' 'auth listroleids' 'auth listroles2' 'hooks listlastfires' \
    'index findtasksatindex' 'index listnamespaces' 'index listtasks' 'notify listdenylist' \
    'purgecache allpurgerequests' 'queue listartifacts' 'queue listclaimedtasks' 'queue listdependenttasks' \
    'queue listlatestartifacts' 'queue listpendingtasks' 'queue listprovisioners' 'queue listtaskgroup' \
    'queue listtaskqueues' 'queue listworkertypes' 'queue statuses' 'queue tasks' 'secrets list' \
    'workermanager listproviders' 'workermanager listworkerpools' 'workermanager listworkerpoolsstats' \
    'workermanager listworkersforworkergroup'
    string join \n -- --continuation-token --limit
    case 'auth listclients'
    string join \n -- --prefix --continuation-token --limit
    case 'github builds'
    string join \n -- --continuation-token --limit --organization --repository --sha --pull-request
    case 'github cancelbuilds'
    string join \n -- --sha --pull-request
    case 'purgecache purgerequests'
    string join \n -- --since
    case 'queue listworkers'
    string join \n -- --continuation-token --limit --quarantined
    case 'workermanager listworkerpoolerrors'
    string join \n -- --continuation-token --limit --launch-config-id --error-id
    case 'workermanager listworkerpoollaunchconfigs'
    string join \n -- --continuation-token --limit --include-archived
    case 'workermanager listworkers'
    string join \n -- --continuation-token --limit --launch-config-id --quarantined --worker-state
    case 'workermanager listworkersforworkerpool'
    string join \n -- --continuation-token --limit --launch-config-id --state
    case 'workermanager workerpoolerrorstats'
    string join \n -- --worker-pool-id
    case '*'
    return 1
    end
end

# Path below which all services are once more: what its methods take beside query options; - for what calls take.
function __taskcluster_tree
    switch "$argv[1]"
    case 'signedurl'
    string join \n -- --expires --internal -h --help
    case 'url'
    string join \n -- --internal -h --help
    case 'api'
    string join \n -- -
    case '*'
    return 1
    end
end

# Whether the command of a path prints no data.
function __taskcluster_without_output
    switch "$argv[1]"
    case 'completions' 'config' 'config help' 'config reset' 'config set' 'exec' 'group' 'group logs' 'help' \
    'profile' 'profile edit' 'profile path' 'profile remove' 'profile set' 'profile unset' 'profile use' \
    'sandbox clock' 'sandbox run' 'sandbox start' 'sandbox stop' 'sandbox tour' 'signout' 'task' 'task log' \
    'update'
    return 0
    case '*'
    return 1
    end
end

# Tree, path and option: the kind of its value; = and choices; - for anything; 0 for none.
function __taskcluster_value
    switch "$argv[1]"
    case '*:config get:-f' '*:config get:--format'
    echo '=yaml,json'
    case '*:group download:-o' '*:group download:--output' '*:references distill:-o' \
    '*:references distill:--output' '*:sandbox run:--data' '*:sandbox start:--data'
    echo 'folder'
    case '*:group failures:--format'
    echo '=json,jsonl,markdown,raw,table,text,yaml'
    case '*:group logs:-n' '*:signin:-n' '*:signin:-p' '*:signin:--wait' '*:task artifacts:-r' '*:task log:-r' \
    '*:task log:-n' '*:task run:-e' '*:task status:-r' '*:upload artifact:--reference' \
    '*:uploadartifact:--reference' '*:auth awss3credentials:--format'
    echo '-'
    case '*:schema:--output' '*:version:-s'
    echo '0'
    case '*:task wait:--for'
    echo '=completed,resolved,running'
    case '*:auth listclients:--prefix'
    echo 'client'
    case '*:--format'
    echo '=json,jsonl,raw,table,yaml'
    case '*:-o' '*:--output' '*:--reference' '*:--fake' '*:--fake-calls' '*:--journal' '*:--methods'
    echo 'file'
    case '*:--jq' '*:--columns' '*:--root-url' '*:--authorized-scope' '*:--authorized-scopes' '*:--retries' \
    '*:--timeout' '*:--delay-factor' '*:--randomization-factor' '*:--max-delay' '*:--trace-id' '*:--set' \
    '*:--payload-from' '*:--id-from' '*:--query' '*:--jobs' '*:--rate' '*:--checksum' '*:--connections' \
    '*:--min-rate' '*:--deadline' '*:--transfer-retries' '*:--transfer-timeout' '*:--transfer-delay-factor' \
    '*:--transfer-randomization-factor' '*:--transfer-max-delay' '*:--max-age' '*:--temp-scope' '*:--temp-expires' \
    '*:--limit' '*:--from' '*:--name' '*:--state' '*:--reason' '*:--queue' '*:--kind' '*:--tag' '*:--owner' \
    '*:--longer' '*:--log-match' '*:-w' '*:--worker-type' '*:--lines' '*:--format-string' '*:--tail' '*:--grep' \
    '*:--appear' '*:--listen' '*:--worker' '*:--provider' '*:--amqp' '*:--fault' '*:--latency' '*:--drop' \
    '*:--storage-fault' '*:--port' '*:--have' '*:--need' '*:--expires' '*:-s' '*:--scope' '*:--save' '*:--count' \
    '*:--run' '*:--env' '*:--times' '*:--provisioner' '*:--description' '*:--source' '*:--start' '*:--link' \
    '*:--message' '*:--content-type' '*:--project-id' '*:--upload-id' '*:--continuation-token' '*:--organization' \
    '*:--repository' '*:--sha' '*:--pull-request' '*:--since' '*:--quarantined' '*:--launch-config-id' \
    '*:--error-id' '*:--include-archived' '*:--worker-state'
    echo '-'
    case '*:--profile'
    echo 'profile'
    case '*:--service-discovery'
    echo '=default,k8s-dns'
    case '*:--color'
    echo '=auto,always,never'
    case '*:--error-format'
    echo '=text,json'
    case '*:--data' '*:--assume-done' '*:--assume-failed'
    echo '@file'
    case '*:--data-format'
    echo '=json,yaml'
    case '*:--index'
    echo 'index-path'
    case '*:--secret' '*:--secret-file'
    echo 'secret'
    case '*:--against' '*:--group'
    echo 'task-group'
    case '*:--sort'
    echo '=name,state,wait,duration'
    case '*:--prefix'
    echo '=label,id,none'
    case '*:--by'
    echo '=state,kind,queue,owner'
    case '*:--for'
    echo '=settled,completed,resolved'
    case '*:--as'
    echo '=task,group,hook,worker,pool'
    case '*:--shell'
    echo '=bash,sh,zsh,fish,csh,tcsh,powershell,pwsh'
    case '*:--dependency'
    echo 'task'
    case '*:--storage'
    echo '=s3,object'
    case '*:--error'
    echo '=file-missing-on-worker,invalid-resource-on-worker,too-large-file-on-worker,file-not-readable-on-worker'
    case '*:--worker-pool-id'
    echo 'worker-pool'
    case '*'
    return 1
    end
end

# Tree, path and option: what it is for.
function __taskcluster_meaning
    switch "$argv[1]"
    case '*:batch:--data'
    echo 'The payload of each call, with places'
    case '*:batch:--set'
    echo 'Change the payload: a.b={1}'
    case '*:batch:--no-validate'
    echo 'Do not validate payloads against the schema'
    case '*:batch:--fail-fast'
    echo 'After a failure, make the other calls (default), or stop'
    case '*:batch:--dry-run'
    echo 'Print the requests and send nothing'
    case '*:config get:-f' '*:config get:--format'
    echo 'yaml (default) or json'
    case '*:config set:--dry-run'
    echo 'Check the value'
    case '*:download artifact:-o' '*:download artifact:--output' '*:download object:-o' \
    '*:download object:--output' '*:downloadartifact:-o' '*:downloadartifact:--output' '*:downloadobject:-o' \
    '*:downloadobject:--output'
    echo 'Write to FILE, below DIR, or to stdout (-)'
    case '*:download artifact:--dry-run' '*:download object:--dry-run' '*:downloadartifact:--dry-run' \
    '*:downloadobject:--dry-run' '*:upload artifact:--dry-run' '*:upload object:--dry-run' \
    '*:uploadartifact:--dry-run' '*:uploadobject:--dry-run'
    echo 'Print the first request'
    case '*:find:--limit'
    echo 'At most N results (10)'
    case '*:group artifacts:--limit' '*:group cancel:--limit' '*:group download:--limit' '*:group failures:--limit' \
    '*:group list:--limit' '*:group logs:--limit' '*:group prioritize:--limit' '*:group rerun:--limit' \
    '*:group status:--limit'
    echo 'Select at most N tasks, the first by name'
    case '*:group artifacts:--newest' '*:group cancel:--newest' '*:group download:--newest' \
    '*:group failures:--newest' '*:group list:--newest' '*:group logs:--newest' '*:group prioritize:--newest' \
    '*:group rerun:--newest' '*:group seal:--newest' '*:group status:--newest' '*:group wait:--newest' \
    '*:group watch:--newest'
    echo 'Of several groups of a commit or pull request, take the one created…'
    case '*:group cancel:-f' '*:group cancel:--force' '*:group prioritize:-f' '*:group prioritize:--force' \
    '*:group rerun:-f' '*:group rerun:--force'
    echo 'Do not ask'
    case '*:group cancel:--dry-run' '*:task cancel:--dry-run'
    echo 'Print what would be cancelled'
    case '*:group download:-o' '*:group download:--output'
    echo 'Write below this directory (default: the current one)'
    case '*:group download:--flat'
    echo 'Leave out the directories in artifacts\' names: DIR/LABEL/FILE'
    case '*:group download:-n' '*:group download:--dry-run'
    echo 'Print ID NAME PATH'
    case '*:group failures:--all-runs'
    echo 'Print each run that failed, and which of them are flaky'
    case '*:group failures:--format'
    echo 'One of json, jsonl, markdown, raw, table, text, yaml'
    case '*:group list:-a' '*:group list:--all'
    echo 'Print all tasks, whatever else is given (default)'
    case '*:group list:-r'
    echo 'Print tasks that are running'
    case '*:group list:-f' '*:group list:--failed'
    echo 'Print tasks that are failed'
    case '*:group list:-c'
    echo 'Print tasks that are completed'
    case '*:group logs:-f'
    echo 'Follow the logs until the group is settled'
    case '*:group logs:-n' '*:task log:-n'
    echo 'Print only the last N lines'
    case '*:group logs:--timeout'
    echo 'With -f, wait at most that long: 90s, 15m'
    case '*:group prioritize:-n' '*:group prioritize:--dry-run' '*:task prioritize:-n' '*:task prioritize:--noop' \
    '*:task prioritize:--dry-run'
    echo 'Print what would be changed'
    case '*:group rerun:-n' '*:group rerun:--dry-run' '*:task rerun:-n' '*:task rerun:--noop' \
    '*:task rerun:--dry-run'
    echo 'Print what would be rerun'
    case '*:group rerun:--timeout' '*:group wait:--timeout' '*:group watch:--timeout' '*:task rerun:--timeout' \
    '*:task retrigger:--timeout' '*:task run:--timeout' '*:task wait:--timeout'
    echo 'Wait at most that long: 90s, 15m, 1d'
    case '*:group seal:-n' '*:group seal:--dry-run'
    echo 'Print what would be sealed'
    case '*:references distill:-o' '*:references distill:--output'
    echo 'Directory for the files, one per service'
    case '*:sandbox run:--data' '*:sandbox start:--data'
    echo 'Store the state in DIR (in memory)'
    case '*:sandbox run:--fake' '*:sandbox start:--fake'
    echo 'Respond to the methods in FILE from it'
    case '*:schema:--output'
    echo 'Print the schema of the response instead'
    case '*:scopes check:--data' '*:scopes required:--data'
    echo 'The payload, if the scopes depend on it'
    case '*:signin:--expires'
    echo 'An offset or a timestamp (default 1d)'
    case '*:signin:-n' '*:signin:--name'
    echo 'Name of the client below your own client id, before a random suffix…'
    case '*:signin:-p' '*:signin:--port'
    echo 'Port for the callback (default any)'
    case '*:signin:--browser' '*:signin:--no-browser'
    echo 'Open a browser over ssh, too'
    case '*:signin:--wait'
    echo 'How long to wait (default 10m)'
    case '*:slugid generate:-n'
    echo 'Begin with a letter from A to f'
    case '*:task artifacts:-r' '*:task log:-r' '*:task status:-r'
    echo 'Consider run N (default: the latest)'
    case '*:task complete:-n' '*:task complete:--noop' '*:task complete:--dry-run'
    echo 'Print what would be completed'
    case '*:task list:--pending'
    echo 'Print only tasks that are pending'
    case '*:task log:-f' '*:task log:--follow'
    echo 'Follow the log while the task runs (default)'
    case '*:task log:--wait'
    echo 'Wait until the task starts'
    case '*:task log:--exit-status'
    echo 'Wait until the task ends, but for --no-follow'
    case '*:task log:--timeout'
    echo 'Wait at most that long for the start and the end: 90s, 15m'
    case '*:task rerun:-f' '*:task rerun:--force'
    echo 'Also rerun tasks that are neither failed nor exception'
    case '*:task retrigger:-e'
    echo 'Keep dependencies and routes, too'
    case '*:task retrigger:--set' '*:task run:--set'
    echo 'Set a value of the definition, PATH:=JSON also one that is not text'
    case '*:task retrigger:-n' '*:task retrigger:--dry-run'
    echo 'Print ID NAME would-retrigger, with --format the definition of the…'
    case '*:task run:--queue'
    echo 'The task queue, PROVISIONER/WORKER-TYPE, or an address of it'
    case '*:task run:--worker-type'
    echo 'The worker type of the task queue, instead of --queue'
    case '*:task run:-e' '*:task run:--env'
    echo 'Set a variable'
    case '*:task run:--group'
    echo 'Create it in this group, which may be new (default: one of its own)'
    case '*:task run:--name'
    echo 'The name of the task'
    case '*:task run:--owner'
    echo 'The owner of the task'
    case '*:task run:--retries'
    echo 'How often the queue retries it after a failure of the infrastructure…'
    case '*:task status:-a' '*:task status:--all-runs'
    echo 'Print all runs'
    case '*:task status:--max-age'
    echo 'Exit with 1 if it was resolved longer ago: 12h, 1d'
    case '*:task status:--exit-status'
    echo 'Exit with 1 unless it is completed'
    case '*:task wait:--for'
    echo 'Wait for completed, resolved or running (default: completed)'
    case '*:tempcredentials:--scope'
    echo 'A scope they have'
    case '*:tempcredentials:--name'
    echo 'Their own client id, for the audit log'
    case '*:tempcredentials:--expires'
    echo 'An offset, seconds, or a timestamp'
    case '*:upload artifact:--reference' '*:uploadartifact:--reference'
    echo 'Create a reference to a URL'
    case '*:upload artifact:--expires' '*:uploadartifact:--expires'
    echo 'An offset, seconds or a timestamp (default: when the task expires)'
    case '*:upload object:--expires' '*:uploadobject:--expires'
    echo 'An offset, seconds or a timestamp (default: 1 year)'
    case '*:url artifact:--internal' 'url:*:--internal'
    echo 'The URL for this machine: by proxy or service discovery'
    case '*:validate:--answer' '*:validate:--response'
    echo 'Check a response instead of a payload'
    case '*:version:-s'
    echo 'Print the version alone'
    case '*:whoami:--all'
    echo 'Show the credentials of each profile'
    case '*:whoami:--check'
    echo 'Check that the credentials have each SCOPE'
    case '*:whoami:--expand'
    echo 'List all scopes on a terminal, with those of roles'
    case '*:auth awss3credentials:--format'
    echo 'The format of the response'
    case '*:auth listclients:--prefix'
    echo 'Return only clients whose id starts with this'
    case '*:auth listroleids:--limit'
    echo 'The number of names per page'
    case '*:auth listroles2:--limit'
    echo 'The number of roles per page'
    case '*:github cancelbuilds:--sha'
    echo 'Cancel only builds of this commit (full hash)'
    case '*:workermanager listproviders:--limit'
    echo 'The number of entries per page, 100 by default'
    case '*:workermanager listworkers:--quarantined'
    echo 'Only workers in quarantine (true)'
    case '*:workermanager listworkersforworkerpool:--state'
    echo 'Only workers in this state'
    case '*:--version'
    echo 'Print the version'
    case '*:-h' '*:--help'
    echo 'Show this message and exit'
    case '*:--format'
    echo 'One of json, jsonl, raw, table, yaml'
    case '*:-o' '*:--output'
    echo 'Write to a file, completely or not at all'
    case '*:--jq'
    echo 'Filter the response with a jq expression'
    case '*:--columns'
    echo 'Print a table with these columns, such as taskId,metadata.name'
    case '*:-r' '*:--raw-strings'
    echo 'Print strings without quotes'
    case '*:--root-url'
    echo 'Root URL of the deployment (default TASKCLUSTER_ROOT_URL)'
    case '*:--profile'
    echo 'Use the root URL and credentials of this profile'
    case '*:--reference'
    echo 'Add or replace a service by its api.json'
    case '*:--anonymous'
    echo 'Use no credentials'
    case '*:--authorized-scope'
    echo 'Limit the credentials to this scope'
    case '*:--authorized-scopes'
    echo 'The same as a JSON array'
    case '*:--proxy' '*:--no-proxy'
    echo 'Use TASKCLUSTER_PROXY_URL, or ignore it'
    case '*:--service-discovery'
    echo 'How to reach services: default, k8s-dns'
    case '*:--retries'
    echo 'Retries after the first attempt (default 5)'
    case '*:--timeout'
    echo 'Time limit of one attempt (default 30s)'
    case '*:--delay-factor'
    echo 'Base delay between attempts (default 100ms)'
    case '*:--randomization-factor'
    echo 'Random part of the delay (default 0.25)'
    case '*:--max-delay'
    echo 'Longest delay between attempts (default 30s)'
    case '*:--retry-unsafe'
    echo 'Retry calls that are not idempotent, too'
    case '*:--trace-id'
    echo 'Send as x-taskcluster-trace-id'
    case '*:--read-only'
    echo 'Refuse calls that change something or return secrets'
    case '*:--fake'
    echo 'Take responses from a JSON file'
    case '*:--fake-calls'
    echo 'Append each call with --fake to a file, as JSON lines'
    case '*:-v' '*:--verbose'
    echo 'Print the account in use, each request and retries'
    case '*:-q' '*:--quiet'
    echo 'Print only errors on stderr'
    case '*:--color'
    echo 'Use colour: auto, always, never'
    case '*:--pager' '*:--no-pager'
    echo 'Page long output on a terminal, or not (TC_PAGER, PAGER)'
    case '*:--error-format'
    echo 'Print errors and notes as text, or each as a line of JSON'
    case '*:--csv'
    echo 'Lines are CSV: commas, and quotes as in RFC 4180'
    case '*:--tsv'
    echo 'Lines are TSV: tabs, and escapes as of jq\'s @tsv'
    case '*:--header'
    echo 'The first line has the names of the columns'
    case '*:--data'
    echo 'The payload'
    case '*:--data-format'
    echo 'json or yaml'
    case '*:--set'
    echo 'Change the payload: a.b=text, a.b:=JSON, a[0]=…, a[]=… appends'
    case '*:--payload-from'
    echo 'Take the payload, as JSON, from this column'
    case '*:--id-from'
    echo 'Name results by this column (default: by line number)'
    case '*:--query'
    echo 'A query option, with places'
    case '*:--no-validate'
    echo 'Do not validate the payload against the schema'
    case '*:--jobs'
    echo 'Make this many calls at a time (default 16)'
    case '*:--rate'
    echo 'Send at most this many requests a second'
    case '*:--in-order'
    echo 'Write results in the order of the lines, not as they come'
    case '*:--keep-going'
    echo 'After a failure, make the other calls (default), or stop'
    case '*:--fail-fast'
    echo 'End when the first task fails'
    case '*:--journal'
    echo 'Record what is done in FILE, to resume from it'
    case '*:--assume-done'
    echo 'Record in the journal that this call is done, by the id of its result'
    case '*:--assume-failed'
    echo 'Send this call again, which is uncertain: it had no effect'
    case '*:--dry-run'
    echo 'Print the request and send nothing'
    case '*:-f' '*:--force'
    echo 'Accepted, as in other commands'
    case '*:--show-secrets'
    echo 'Do not mask the access token and the certificate'
    case '*:-a' '*:--all'
    echo 'Remove all values'
    case '*:-d'
    echo 'Check the value'
    case '*:--index'
    echo 'Take the task from the index, instead of TASK'
    case '*:--checksum'
    echo 'Verify this digest, too'
    case '*:--connections'
    echo 'Use at most N connections (as many as help)'
    case '*:--compressed'
    echo 'Do not decompress what is stored compressed'
    case '*:--min-rate'
    echo 'Give up when fewer bytes per second arrive during one --timeout:…'
    case '*:--deadline'
    echo 'Give up when all of it takes longer (default: never)'
    case '*:--transfer-retries'
    echo '--retries of the bytes'
    case '*:--transfer-timeout'
    echo '--timeout of the bytes'
    case '*:--transfer-delay-factor'
    echo '--delay-factor of these'
    case '*:--transfer-randomization-factor'
    echo '--randomization-factor of these'
    case '*:--transfer-max-delay'
    echo '--max-delay of these'
    case '*:--managed-only'
    echo 'Reject artifacts that are stored outside of the deployment'
    case '*:--list'
    echo 'Print the names that match, without NAME all of them'
    case '*:--literal'
    echo 'NAME is not a pattern'
    case '*:--flat'
    echo 'Of the names that match, leave out the directories'
    case '*:--max-age'
    echo 'Download nothing, with exit code 1, if the run was resolved longer…'
    case '*:--newest'
    echo 'Of several tasks with the LABEL, take the one created last'
    case '*:--with-keys'
    echo 'Print the keys too, in order, as routingKeyReference'
    case '*:--secret'
    echo 'Set a variable to a value of a secret'
    case '*:--secret-file'
    echo 'Write a value of a secret to a new file, which is removed afterwards'
    case '*:--temp-scope'
    echo 'Pass on only this scope of yours'
    case '*:--temp-expires'
    echo 'When those credentials expire: an offset, seconds or a timestamp…'
    case '*:--limit'
    echo 'The number of entries per page, at most 1000'
    case '*:--from'
    echo 'Use this timestamp instead of now'
    case '*:--failed'
    echo 'Select tasks that are failed'
    case '*:--name'
    echo 'Select tasks by name: test-*, or ~REGEX'
    case '*:--state'
    echo 'Select tasks that are unscheduled, pending, running, completed,…'
    case '*:--reason'
    echo 'Select tasks whose latest run was resolved as failed, claim-expired,…'
    case '*:--queue'
    echo 'Select tasks by task queue: proj-example/*'
    case '*:--kind'
    echo 'Select tasks by their tag kind'
    case '*:--tag'
    echo 'Select tasks by a tag'
    case '*:--owner'
    echo 'Select tasks by metadata.owner'
    case '*:--longer'
    echo 'Select tasks whose latest run takes or took longer: 30m'
    case '*:--log-match'
    echo 'Select failed tasks with a line like this near the log\'s end'
    case '*:-w' '*:--worker-type'
    echo 'Cancel only tasks of this worker type'
    case '*:-n' '*:--noop'
    echo 'Print what would be cancelled'
    case '*:--seal'
    echo 'Seal the group first, for good: no task can be added to it'
    case '*:--all-runs'
    echo 'Download from all runs: DIR/LABEL/run-0/NAME'
    case '*:--lines'
    echo 'Print N lines of a log for each kind of failure (default: 5)'
    case '*:--against'
    echo 'Tell which of them did not fail like this in another group'
    case '*:--running'
    echo 'Print tasks that are running'
    case '*:-e' '*:--exception'
    echo 'Print tasks that are exception'
    case '*:-c' '*:--confirm'
    echo 'Ask before each task'
    case '*:--complete' '*:--completed'
    echo 'Print tasks that are completed'
    case '*:-u' '*:--unscheduled'
    echo 'Print tasks that are unscheduled'
    case '*:-p' '*:--pending'
    echo 'Print tasks that are pending'
    case '*:--format-string'
    echo 'Print each task by this Go template, such as \'{{.Status.TaskID}}…'
    case '*:--sort'
    echo 'Sort by name, state, wait or duration, the longest first'
    case '*:--follow'
    echo 'Follow the logs until the group is settled'
    case '*:--tail'
    echo 'Print only the last N lines'
    case '*:--grep'
    echo 'Print only lines that match'
    case '*:--own'
    echo 'Leave out the lines of the worker'
    case '*:--timestamps'
    echo 'Print a time before each line'
    case '*:--prefix'
    echo 'Begin each line with the task\'s label (default), id, or with none'
    case '*:--appear'
    echo 'Wait that long for the group, or a selected task, to appear'
    case '*:--wait'
    echo 'Wait until it has ended'
    case '*:--log'
    echo 'Follow the log, then end as with --wait'
    case '*:--by'
    echo 'Count by state, kind, queue or owner (default: state)'
    case '*:--exit-status'
    echo 'Exit with 1 unless all tasks are completed'
    case '*:--for'
    echo 'Wait for settled, completed or resolved (default: settled)'
    case '*:--as'
    echo 'WHAT is a task, group, hook, worker, pool'
    case '*:--browser' '*:--no-browser'
    echo 'Open a browser, or print the address'
    case '*:--keyring'
    echo 'Store the access token in the keyring, not in the file'
    case '*:--none'
    echo 'Have no default'
    case '*:--methods'
    echo 'Include only the methods of this list'
    case '*:--missing'
    echo 'List only those that it does not implement'
    case '*:--listen'
    echo 'Listen on this IPv4 address (127.0.0.1)'
    case '*:--worker'
    echo 'Run tasks on this machine, of one queue or of all'
    case '*:--provider'
    echo 'Accept worker pools of these providers, and start no workers:…'
    case '*:--amqp'
    echo 'Publish events to a broker: amqp://user:password@host:port/vhost'
    case '*:--fault'
    echo 'Make API calls fail: queue.createTask=503x2'
    case '*:--latency'
    echo 'Delay each response of the API: 50ms'
    case '*:--drop'
    echo 'Close the connection of this share of API calls: 1%, 0.01'
    case '*:--storage-fault'
    echo 'Make downloads and uploads fail'
    case '*:--port'
    echo 'Listen on this port (a free one)'
    case '*:--detach'
    echo 'Run it in the background until tc sandbox stop'
    case '*:--answer' '*:--response'
    echo 'Print the schema of the response instead'
    case '*:--have'
    echo 'A scope you have, or a JSON array'
    case '*:--need'
    echo 'A scope you need, or a JSON expression'
    case '*:--expand'
    echo 'Expand the roles in --have with the deployment'
    case '*:--latest'
    echo 'The URL follows reruns: it gives what the latest run has'
    case '*:--no-check'
    echo 'Do not check that the artifact is there'
    case '*:--expires'
    echo 'Offset, seconds or timestamp (default 15 minutes)'
    case '*:--internal'
    echo 'The URL inside the cluster, by service discovery'
    case '*:--check'
    echo 'Do not sign in: exit with 0 if you are signed in, else with 1'
    case '*:-s' '*:--scope'
    echo 'A scope of the client, or several on a line each'
    case '*:--save'
    echo 'Store the credentials in a profile instead of printing them…'
    case '*:--shell'
    echo 'Print lines for bash (and sh, zsh), fish, csh or powershell…'
    case '*:--csh'
    echo 'The same as --shell csh'
    case '*:--delete'
    echo 'Delete the client on the deployment, too'
    case '*:--full'
    echo 'Include optional fields'
    case '*:--v4'
    echo 'Allow any first character, such as - and _'
    case '*:--count'
    echo 'How many to print (default 1)'
    case '*:--nice'
    echo 'Begin with a letter from A to f'
    case '*:--run'
    echo 'Consider run N (default: the latest)'
    case '*:--claimed'
    echo 'Print only tasks that a worker has claimed: they run'
    case '*:--no-follow'
    echo 'Print what the log has by now, and end'
    case '*:--exact'
    echo 'Keep dependencies and routes, too'
    case '*:--env'
    echo 'Set a variable of the copy'
    case '*:--edit'
    echo 'Edit the definition in $VISUAL or $EDITOR first, as YAML'
    case '*:--times'
    echo 'Create N copies (default 1)'
    case '*:--group'
    echo 'Create it in this group'
    case '*:--provisioner'
    echo 'The provisioner of the task queue, instead of --queue'
    case '*:--dependency'
    echo 'Run after this task'
    case '*:--description'
    echo 'The description of the task'
    case '*:--source'
    echo 'Where the definition of the task comes from'
    case '*:--cancel-on-interrupt'
    echo 'Ctrl-C and SIGTERM also cancel the task'
    case '*:--start'
    echo 'An offset, seconds, or a timestamp (default now)'
    case '*:--storage'
    echo 'Store the bytes in s3 (the default) or object'
    case '*:--link'
    echo 'Create a link to another artifact of the task'
    case '*:--error'
    echo 'Create an error artifact: file-missing-on-worker,…'
    case '*:--message'
    echo 'Explain the --error'
    case '*:--content-type'
    echo 'The content type (default: guessed from the name of FILE)'
    case '*:--project-id'
    echo 'The project that the object belongs to'
    case '*:--upload-id'
    echo 'The id of the upload (default: a new one, or that of an unfinished…'
    case '*:--server'
    echo 'Print the version of the deployment instead'
    case '*:--short-version'
    echo 'Print the version alone'
    case '*:--continuation-token'
    echo 'Return the page after the one whose response had this token'
    case '*:--paginate'
    echo 'Fetch all pages, as one document'
    case '*:--organization'
    echo 'Return only builds of this organization or user'
    case '*:--repository'
    echo 'Return only builds of this repository'
    case '*:--sha'
    echo 'Return only builds of this commit (full hash)'
    case '*:--pull-request'
    echo 'Only builds of the pull request with this number'
    case '*:--since'
    echo 'Return only requests from this time on'
    case '*:--quarantined'
    echo 'Only workers in quarantine (true), or only the others (false)'
    case '*:--launch-config-id'
    echo 'Only entries of this launch config'
    case '*:--error-id'
    echo 'Only the error with this id'
    case '*:--include-archived'
    echo 'Also list archived launch configs (true)'
    case '*:--worker-state'
    echo 'Only workers in this state'
    case '*:--worker-pool-id'
    echo 'Only the errors of this worker pool'
    case '*'
    return 1
    end
end

set -g __taskcluster_output --format -o --output --jq --columns -r --raw-strings
set -g __taskcluster_shared --root-url --profile --reference --anonymous --authorized-scope --authorized-scopes --proxy --no-proxy --service-discovery --retries --timeout --delay-factor --randomization-factor --max-delay --retry-unsafe --trace-id --read-only --fake --fake-calls -v --verbose -q --quiet --color --pager --no-pager --error-format

# What tc help has texts about.
function __taskcluster_topics
    switch "$argv[1]"
    case ''
    printf '%s\t%s\n' \
    'credentials' 'where credentials come from, which ones are used, and how to restrict them' \
    'environment' 'the environment variables that tc reads' \
    'exit-codes' 'what the exit code of tc means' \
    'formats' 'the output formats, and how to select parts of a response' \
    'in-ci' 'how to use tc in a Taskcluster task, in another CI, and in scripts' \
    'scopes' 'what scopes mean, what a call needs, and why it was denied' \
    'times' 'how to write timestamps and durations'
    case '*'
    return 1
    end
end

function __taskcluster_plain
    set -l parts (string match -r -- '^(--[a-z-]+=|)"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?$' $argv[1])
    if set -q parts[3]
        set -l name $parts[3]
        echo -- $parts[2]"$$name"
    else
        string replace -r -- '^~/' $HOME/ $argv[1]
    end
end

function __taskcluster_fold
    string lower -- (string replace -a -r -- '[-_]' '' $argv[1])
end

function __taskcluster_values -S
    set -l found ($tool $account completions --values $argv[1] -- $given $current 2>/dev/null </dev/null)
    set -q found[1]; and printf '%s\n' $before$found
end

function __taskcluster_files -S
    set -l found (__fish_complete_path $current)
    set -q found[1]; and printf '%s\n' $before$found
end

function __taskcluster_kind -S
    switch $argv[1]
        case '=*'
            printf '%s\n' $before(string split -- , (string sub -s 2 -- $argv[1]))
        case '' -
            return 1
        case file
            __taskcluster_files
        case folder
            printf '%s\n' $before(__fish_complete_directories $current '')
        case command
            complete -C "$current"
        case @file
            if string match -q -- '@*' $current
                set before $before@
                set current (string sub -s 2 -- $current)
                __taskcluster_files
            else
                echo -- $before@
            end
        case service
            __taskcluster_words /
        case method
            __taskcluster_words (__taskcluster_fold $given[-1])
        case exchange
            __taskcluster_exchanges (__taskcluster_fold $given[-1])
        case topic
            __taskcluster_topics
            __taskcluster_words ''
        case '*|file'
            __taskcluster_values (string replace '|file' '' $argv[1]); or __taskcluster_files
        case '*'
            __taskcluster_values $argv[1]
    end
end

function __taskcluster_place -S
    set -l kinds (string split -n -- ' ' $argv[1])
    set -l place (math (count $given) + 1)
    if test "$kinds[-1]" = ...; and test $place -ge (count $kinds)
        set place (math (count $kinds) - 1)
    end
    if test "$kinds[$place]" = argument
        set -l found (__taskcluster_places (__taskcluster_fold $given[1])' '(__taskcluster_fold $given[2]))
        set given $given[3..]
        set -q found[1]; and __taskcluster_place $found
    else
        __taskcluster_kind "$kinds[$place]"
    end
end

function __taskcluster_all_options -S
    set -l all (__taskcluster_options "$path")
    set -l beside
    test -n "$tree"; and set beside (__taskcluster_tree "$tree")
    if set -q beside[1]; and test "$beside[1]" != -
        set all (__taskcluster_query "$path") $beside
    end
    __taskcluster_without_output "$path"; or set -a all $__taskcluster_output
    for option in $all $__taskcluster_shared
        printf '%s\t%s\n' $option (__taskcluster_meaning "$tree:$path:$option"; or echo)
    end
end

function __taskcluster_walk -S
    set -l is_shared
    for word in $argv
        set word (__taskcluster_plain $word)
        if test -n "$option"
            test -n "$is_shared"; and set -a account $word
            set option
        else if test "$word" = --; and test -z "$ends_options"
            set ends_options 1
        else if string match -q -- '-?*' $word; and test -z "$ends_options"
            set is_shared
            if contains -- (string replace -r -- '=.*' '' $word) $__taskcluster_shared
                set is_shared 1
                set -a account $word
            end
            if not string match -q -- '*=*' $word; and set -l value (__taskcluster_value "$tree:$path:$word"); and test $value != 0
                set option $word
            end
        else if test "$(__taskcluster_places "$path")" = +
            set path (string trim -- "$path "(__taskcluster_fold $word))
            if test -n "$tree"; and string match -q '/ *' $path
                set path (string replace '/ ' '' $path)
                if __taskcluster_places "$tree $path" >/dev/null
                    set path "$tree $path"
                    set tree ''
                end
            end
            __taskcluster_places "$path" >/dev/null; or return 1
            if __taskcluster_tree "$path" >/dev/null
                set tree $path
                set path /
            end
        else
            set -a given $word
        end
    end
    test -n "$option"; and test -n "$is_shared"; and set -e account[-1]
    return 0
end

function __taskcluster_complete
    set -l words (commandline -opc)
    set -l current (string replace -a -r -- '[\\\\"\']' '' (commandline -ct))
    set -l before ''
    set -l path ''
    set -l tree ''
    set -l option ''
    set -l ends_options ''
    set -l given
    set -l account
    set -l tool (__taskcluster_plain $words[1])
    __taskcluster_walk $words[2..]; or return
    if test -n "$option"
        __taskcluster_kind (__taskcluster_value "$tree:$path:$option")
    else if test -z "$ends_options"; and string match -q -- '--*=*' $current
        set option (string replace -r -- '=.*' '' $current)
        set before $option=
        set current (string replace -r -- '^[^=]*=' '' $current)
        __taskcluster_kind (__taskcluster_value "$tree:$path:$option"; or echo -)
    else if test -z "$ends_options"; and string match -q -- '-*' $current
        __taskcluster_all_options
    else if test "$(__taskcluster_places "$path")" = +
        test "$path" = /; and __taskcluster_words "$tree"
        __taskcluster_words "$path"
    else
        __taskcluster_place "$(__taskcluster_places "$path")"
    end
end

complete -c tc -e
complete -c taskcluster-tc -e
complete -c tc -f -a '(__taskcluster_complete)'
complete -c taskcluster-tc -f -a '(__taskcluster_complete)'
