# Completion of tc in bash, generated: a change to this file is lost.
#
#   eval "$(tc completions bash)"

# Path of a group: what may come next.
_taskcluster_words() {
  case $1 in
  /)
    REPLY='auth github hooks index notify object purge-cache queue secrets web-server worker-manager' ;;
  '')
    REPLY='batch completions config download download-artifact download-object events exec find from-now group help open profile references sandbox schema scopes signed-url signin signout skeleton slugid task temp-credentials update upload upload-artifact upload-object url validate validate-json version whoami api auth github hooks index notify object purge-cache queue secrets web-server worker-manager' ;;
  config)
    REPLY='get help reset set' ;;
  download|upload)
    REPLY='artifact object' ;;
  events)
    REPLY='bind list' ;;
  group)
    REPLY='artifacts cancel download failures list logs prioritize rerun seal status wait watch' ;;
  profile)
    REPLY='edit list path remove set show unset use' ;;
  references)
    REPLY='diff distill update' ;;
  sandbox)
    REPLY='calls clock methods outbox run start stop tour' ;;
  scopes)
    REPLY='check expand required satisfied' ;;
  signedurl|url)
    REPLY='artifact' ;;
  slugid)
    REPLY='decode encode generate' ;;
  task)
    REPLY='artifacts cancel complete def group list log name prioritize rerun retrigger run status wait why' ;;
  auth)
    REPLY='authenticateHawk awsS3Credentials client createClient createRole currentScopes deleteClient deleteRole disableClient enableClient expandScopes gcpCredentials getEntityHistory githubRepoToken heartbeat lbheartbeat listAuditHistory listClients listRoleIds listRoles listRoles2 ping resetAccessToken role sentryDSN testAuthenticate testAuthenticateGet updateClient updateRole version websocktunnelToken' ;;
  github)
    REPLY='badge builds cancelBuilds createComment createStatus heartbeat latest lbheartbeat ping renderTaskclusterYml repository version' ;;
  hooks)
    REPLY='createHook getHookStatus getTriggerToken heartbeat hook lbheartbeat listHookGroups listHooks listLastFires ping removeHook resetTriggerToken triggerHook triggerHookWithToken updateHook version' ;;
  index)
    REPLY='deleteTask findArtifactFromTask findTask findTasksAtIndex heartbeat insertTask lbheartbeat listNamespaces listTasks ping version' ;;
  notify)
    REPLY='addDenylistAddress deleteDenylistAddress email heartbeat lbheartbeat listDenylist matrix ping pulse slack version' ;;
  object)
    REPLY='createUpload download finishUpload heartbeat lbheartbeat object ping startDownload version' ;;
  purgecache)
    REPLY='allPurgeRequests heartbeat lbheartbeat ping purgeCache purgeRequests version' ;;
  queue)
    REPLY='artifact artifactInfo cancelTask cancelTaskGroup changeTaskGroupPriority changeTaskPriority claimTask claimWork createArtifact createTask declareWorker finishArtifact getArtifact getLatestArtifact getProvisioner getTaskGroup getTaskQueue getWorker getWorkerType heartbeat latestArtifact latestArtifactInfo lbheartbeat listArtifacts listClaimedTasks listDependentTasks listLatestArtifacts listPendingTasks listProvisioners listTaskGroup listTaskQueues listWorkerTypes listWorkers pendingTasks ping quarantineWorker reclaimTask reportCompleted reportException reportFailed rerunTask scheduleTask sealTaskGroup status statuses task taskQueueCounts taskQueueCountsBatch tasks version' ;;
  secrets)
    REPLY='get heartbeat lbheartbeat list ping remove set version' ;;
  webserver)
    REPLY='heartbeat lbheartbeat ping taskGroupProfile taskProfile version' ;;
  workermanager)
    REPLY='createWorker createWorkerPool deleteWorkerPool getWorker heartbeat lbheartbeat listProviders listWorkerPoolErrors listWorkerPoolLaunchConfigs listWorkerPools listWorkerPoolsStats listWorkers listWorkersForWorkerGroup listWorkersForWorkerPool ping registerWorker removeWorker reportWorkerError reregisterWorker shouldWorkerTerminate updateWorker updateWorkerPool version worker workerPool workerPoolErrorStats workerPoolStats' ;;
  *) return 1 ;;
  esac
}

# Service: its exchanges.
_taskcluster_exchanges() {
  case $1 in
  auth)
    REPLY='clientCreated clientUpdated clientDeleted roleCreated roleUpdated roleDeleted' ;;
  github)
    REPLY='pullRequest push taskclusterYmlUpdate release rerun taskGroupCreationRequested' ;;
  hooks)
    REPLY='hookCreated hookUpdated hookDeleted' ;;
  notify)
    REPLY='notify' ;;
  queue)
    REPLY='taskDefined taskPending taskRunning artifactCreated taskCompleted taskFailed taskException taskGroupResolved taskGroupSealed taskPriorityChanged taskGroupPriorityChanged' ;;
  workermanager)
    REPLY='workerPoolCreated workerPoolUpdated workerPoolError workerRequested workerRunning workerStopped workerRemoved launchConfigCreated launchConfigUpdated launchConfigArchived' ;;
  *) return 1 ;;
  esac
}

# Path of a command: the kinds of its arguments; + for a group.
_taskcluster_places() {
  case $1 in
  /|''|config|download|events|group|profile|references|sandbox|scopes|signedurl|slugid|task|upload|url|api|auth|\
  github|hooks|index|notify|object|purgecache|queue|secrets|webserver|workermanager)
    REPLY='+' ;;
  batch|'scopes check'|'scopes required')
    REPLY='service method argument ...' ;;
  completions)
    REPLY='=bash,zsh,fish,powershell file ...' ;;
  'config get'|'config help'|'config reset'|'profile show'|'profile use'|signout|'slugid decode'|'slugid encode'|\
  'task list'|'auth sentrydsn'|'object createupload'|'object download'|'object finishupload'|'object object'|\
  'object startdownload')
    REPLY='-' ;;
  'config set'|open|'auth gcpcredentials'|'auth getentityhistory'|'auth githubrepotoken'|'auth websocktunneltoken'|\
  'github cancelbuilds'|'github repository')
    REPLY='- -' ;;
  'download artifact'|downloadartifact)
    REPLY='task artifact artifact|file file ...' ;;
  'download object'|downloadobject)
    REPLY='- file' ;;
  'events bind')
    REPLY='service exchange - - - - ...' ;;
  'events list')
    REPLY='service' ;;
  exec|'sandbox run')
    REPLY='command ...' ;;
  find|fromnow|'profile remove'|'sandbox clock'|'scopes expand'|whoami)
    REPLY='- ...' ;;
  'group artifacts'|'group download'|'group prioritize')
    REPLY='task-group -' ;;
  'group cancel'|'group failures'|'group list'|'group logs'|'group rerun'|'group seal'|'group status'|'group wait'|\
  'group watch'|'queue canceltaskgroup'|'queue changetaskgrouppriority'|'queue gettaskgroup'|'queue listtaskgroup'|\
  'queue sealtaskgroup'|'webserver taskgroupprofile')
    REPLY='task-group' ;;
  help)
    REPLY='topic method ...' ;;
  'profile edit'|'profile list'|'profile path'|'references diff'|'references update'|'sandbox calls'|\
  'sandbox methods'|'sandbox outbox'|'sandbox start'|'sandbox stop'|'sandbox tour'|'scopes satisfied'|signin|\
  'slugid generate'|tempcredentials|update|version|'auth authenticatehawk'|'auth currentscopes'|\
  'auth expandscopes'|'auth heartbeat'|'auth lbheartbeat'|'auth listclients'|'auth listroleids'|'auth listroles'|\
  'auth listroles2'|'auth ping'|'auth testauthenticate'|'auth testauthenticateget'|'auth version'|'github builds'|\
  'github heartbeat'|'github lbheartbeat'|'github ping'|'github rendertaskclusteryml'|'github version'|\
  'hooks heartbeat'|'hooks lbheartbeat'|'hooks listhookgroups'|'hooks ping'|'hooks version'|\
  'index findtasksatindex'|'index heartbeat'|'index lbheartbeat'|'index ping'|'index version'|\
  'notify adddenylistaddress'|'notify deletedenylistaddress'|'notify email'|'notify heartbeat'|\
  'notify lbheartbeat'|'notify listdenylist'|'notify matrix'|'notify ping'|'notify pulse'|'notify slack'|\
  'notify version'|'object heartbeat'|'object lbheartbeat'|'object ping'|'object version'|\
  'purgecache allpurgerequests'|'purgecache heartbeat'|'purgecache lbheartbeat'|'purgecache ping'|\
  'purgecache version'|'queue heartbeat'|'queue lbheartbeat'|'queue listprovisioners'|'queue listtaskqueues'|\
  'queue ping'|'queue statuses'|'queue taskqueuecountsbatch'|'queue tasks'|'queue version'|'secrets heartbeat'|\
  'secrets lbheartbeat'|'secrets list'|'secrets ping'|'secrets version'|'webserver heartbeat'|\
  'webserver lbheartbeat'|'webserver ping'|'webserver version'|'workermanager heartbeat'|\
  'workermanager lbheartbeat'|'workermanager listproviders'|'workermanager listworkerpools'|\
  'workermanager listworkerpoolsstats'|'workermanager ping'|'workermanager registerworker'|\
  'workermanager reregisterworker'|'workermanager version'|'workermanager workerpoolerrorstats')
    REPLY='' ;;
  'profile set')
    REPLY='- - - ...' ;;
  'profile unset'|'task run')
    REPLY='- - ...' ;;
  'references distill')
    REPLY='file' ;;
  schema|skeleton)
    REPLY='service method' ;;
  'signedurl artifact'|'url artifact')
    REPLY='task - - ...' ;;
  'task artifacts'|'task complete'|'task def'|'task group'|'task log'|'task name'|'task retrigger'|'task why'|\
  'queue canceltask'|'queue changetaskpriority'|'queue createtask'|'queue listdependenttasks'|\
  'queue listlatestartifacts'|'queue reruntask'|'queue scheduletask'|'queue status'|'queue task'|\
  'webserver taskprofile')
    REPLY='task' ;;
  'task cancel'|'task rerun'|'task status'|'task wait')
    REPLY='task ...' ;;
  'task prioritize')
    REPLY='task -' ;;
  'upload artifact'|uploadartifact)
    REPLY='task|file run|file - file ...' ;;
  'upload object'|uploadobject)
    REPLY='file -' ;;
  validate)
    REPLY='service method file' ;;
  validatejson)
    REPLY='file file' ;;
  'auth awss3credentials'|'github badge'|'github createcomment'|'github createstatus'|'github latest')
    REPLY='- - -' ;;
  'auth client'|'auth createclient'|'auth deleteclient'|'auth disableclient'|'auth enableclient'|\
  'auth listaudithistory'|'auth resetaccesstoken'|'auth updateclient')
    REPLY='client' ;;
  'auth createrole'|'auth deleterole'|'auth role'|'auth updaterole')
    REPLY='role' ;;
  'hooks createhook'|'hooks gethookstatus'|'hooks gettriggertoken'|'hooks hook'|'hooks listlastfires'|\
  'hooks removehook'|'hooks resettriggertoken'|'hooks triggerhook'|'hooks updatehook')
    REPLY='hook-group hook' ;;
  'hooks listhooks')
    REPLY='hook-group' ;;
  'hooks triggerhookwithtoken')
    REPLY='hook-group hook -' ;;
  'index deletetask'|'index findtask'|'index inserttask')
    REPLY='index-path' ;;
  'index findartifactfromtask')
    REPLY='index-path indexed-artifact' ;;
  'index listnamespaces'|'index listtasks')
    REPLY='namespace' ;;
  'purgecache purgecache'|'purgecache purgerequests'|'workermanager createworkerpool'|\
  'workermanager deleteworkerpool'|'workermanager listworkerpoolerrors'|\
  'workermanager listworkerpoollaunchconfigs'|'workermanager listworkersforworkerpool'|\
  'workermanager reportworkererror'|'workermanager updateworkerpool'|'workermanager workerpool'|\
  'workermanager workerpoolstats')
    REPLY='worker-pool' ;;
  'queue artifact'|'queue artifactinfo'|'queue createartifact'|'queue finishartifact'|'queue getartifact')
    REPLY='task run artifact' ;;
  'queue claimtask'|'queue listartifacts'|'queue reclaimtask'|'queue reportcompleted'|'queue reportexception'|\
  'queue reportfailed')
    REPLY='task run' ;;
  'queue claimwork'|'queue gettaskqueue'|'queue listclaimedtasks'|'queue listpendingtasks'|'queue pendingtasks'|\
  'queue taskqueuecounts')
    REPLY='task-queue' ;;
  'queue declareworker'|'queue getworker'|'queue quarantineworker'|'workermanager getworker')
    REPLY='provisioner worker-type worker-group worker' ;;
  'queue getlatestartifact'|'queue latestartifact'|'queue latestartifactinfo')
    REPLY='task artifact' ;;
  'queue getprovisioner'|'queue listworkertypes')
    REPLY='provisioner' ;;
  'queue getworkertype'|'queue listworkers'|'workermanager listworkers')
    REPLY='provisioner worker-type' ;;
  'secrets get'|'secrets remove'|'secrets set')
    REPLY='secret' ;;
  'workermanager createworker'|'workermanager removeworker'|'workermanager shouldworkerterminate'|\
  'workermanager updateworker'|'workermanager worker')
    REPLY='worker-pool worker-group worker' ;;
  'workermanager listworkersforworkergroup')
    REPLY='worker-pool worker-group' ;;
  *) return 1 ;;
  esac
}

# Path: its options.
_taskcluster_options() {
  case $1 in
  '')
    REPLY='--version -h --help' ;;
  batch)
    REPLY='--csv --tsv --header --data --data-format --set --payload-from --id-from --query --no-validate --jobs --rate --in-order --keep-going --fail-fast --journal --assume-done --assume-failed --dry-run -h --help' ;;
  completions|config|'config help'|download|events|'events list'|group|help|profile|'profile edit'|'profile list'|\
  'profile path'|'profile remove'|'profile unset'|references|'references diff'|'references update'|sandbox|\
  'sandbox calls'|'sandbox outbox'|'sandbox stop'|'sandbox tour'|scopes|'scopes expand'|signedurl|'slugid decode'|\
  'slugid encode'|task|update|upload|url|api|auth|github|hooks|index|notify|object|purgecache|queue|secrets|\
  webserver|workermanager)
    REPLY='-h --help' ;;
  'config get')
    REPLY='-f --format --show-secrets -h --help' ;;
  'config reset')
    REPLY='-a --all -h --help' ;;
  'config set')
    REPLY='-d --dry-run -h --help' ;;
  'download artifact'|downloadartifact)
    REPLY='--index -o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay --managed-only --list --literal --flat --max-age --newest -h --help' ;;
  'download object'|downloadobject)
    REPLY='-o --output --checksum --connections --compressed --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' ;;
  'events bind')
    REPLY='--with-keys -h --help' ;;
  exec)
    REPLY='--secret --secret-file --temp-scope --temp-expires -h --help' ;;
  find)
    REPLY='--limit -h --help' ;;
  fromnow)
    REPLY='--from -h --help' ;;
  'group artifacts')
    REPLY='--failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group cancel')
    REPLY='-w --worker-type -f --force -n --dry-run --seal --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group download')
    REPLY='-o --output --flat --all-runs -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' ;;
  'group failures')
    REPLY='--lines --against --all-runs --format --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group list')
    REPLY='-a --all -r --running -f --failed -e --exception -c --complete --completed -u --unscheduled -p --pending --format-string --sort --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group logs')
    REPLY='-f --follow -n --tail --grep --own --timestamps --prefix --appear --timeout --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -o -h --help' ;;
  'group prioritize')
    REPLY='-f --force -n --dry-run --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group rerun')
    REPLY='--failed -f --force -n --dry-run --wait --log --timeout --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group seal')
    REPLY='-n --dry-run -f --force --newest -h --help' ;;
  'group status')
    REPLY='--by --exit-status --failed --name --state --reason --queue --kind --tag --owner --longer --log-match --limit --newest -h --help' ;;
  'group wait'|'group watch')
    REPLY='--for --timeout --fail-fast --appear --failed --name --state --reason --queue --kind --tag --owner --longer --newest -h --help' ;;
  open)
    REPLY='--as --browser --no-browser --newest -h --help' ;;
  'profile set')
    REPLY='--keyring -h --help' ;;
  'profile show')
    REPLY='--show-secrets -h --help' ;;
  'profile use')
    REPLY='--none -h --help' ;;
  'references distill')
    REPLY='--methods -o --output -h --help' ;;
  'sandbox clock')
    REPLY='--help' ;;
  'sandbox methods')
    REPLY='--missing -h --help' ;;
  'sandbox run')
    REPLY='--data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help' ;;
  'sandbox start')
    REPLY='--port --detach --data --listen --worker --provider --amqp --fault --latency --drop --fake --storage-fault -h --help' ;;
  schema)
    REPLY='-o --output --answer --response -h --help' ;;
  'scopes check'|'scopes required')
    REPLY='--data --data-format -h --help' ;;
  'scopes satisfied')
    REPLY='--have --need --expand -h --help' ;;
  'signedurl artifact')
    REPLY='--latest --no-check --newest --expires --internal -h --help' ;;
  signin)
    REPLY='--check -s --scope --expires -n --name -p --port --browser --no-browser --wait --save --shell --csh -h --help' ;;
  signout)
    REPLY='--delete --shell -h --help' ;;
  skeleton)
    REPLY='--full -h --help' ;;
  slugid)
    REPLY='--v4 --count -h --help' ;;
  'slugid generate')
    REPLY='-n --nice -h --help' ;;
  'task artifacts')
    REPLY='-r --run --newest -h --help' ;;
  'task cancel'|'task complete'|'task prioritize')
    REPLY='-n --noop --dry-run -c --confirm -f --force --newest -h --help' ;;
  'task def'|'task group'|'task name'|'task why')
    REPLY='--newest -h --help' ;;
  'task list')
    REPLY='--pending --claimed -h --help' ;;
  'task log')
    REPLY='-r --run -n --tail --grep --own --timestamps --no-follow -f --follow --wait --exit-status --timeout --newest -o -h --help' ;;
  'task rerun')
    REPLY='-f --force -n --noop --dry-run -c --confirm --newest --wait --log --timeout -h --help' ;;
  'task retrigger')
    REPLY='-e --exact --env --set --edit --times -n --dry-run --group --wait --log --timeout --newest -h --help' ;;
  'task run')
    REPLY='--queue --provisioner --worker-type -e --env --group --set --dependency --name --description --owner --source --retries --wait --log --timeout --cancel-on-interrupt -h --help' ;;
  'task status')
    REPLY='-a --all-runs -r --run --max-age --exit-status --newest -h --help' ;;
  'task wait')
    REPLY='--for --timeout --fail-fast --log --newest -h --help' ;;
  tempcredentials)
    REPLY='--scope --name --start --expires --shell --csh -h --help' ;;
  'upload artifact'|uploadartifact)
    REPLY='--storage --link --reference --error --message --expires --content-type --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' ;;
  'upload object'|uploadobject)
    REPLY='--project-id --expires --content-type --upload-id --dry-run --min-rate --deadline --transfer-retries --transfer-timeout --transfer-delay-factor --transfer-randomization-factor --transfer-max-delay -h --help' ;;
  'url artifact')
    REPLY='--newest --internal -h --help' ;;
  validate)
    REPLY='--answer --response --data-format -h --help' ;;
  validatejson)
    REPLY='--data-format -h --help' ;;
  version)
    REPLY='--server -s --short-version -h --help' ;;
  whoami)
    REPLY='--all --check --expand -h --help' ;;
  'auth authenticatehawk'|'auth createclient'|'auth createrole'|'auth expandscopes'|'auth githubrepotoken'|\
  'auth testauthenticate'|'auth updateclient'|'auth updaterole'|'github createcomment'|'github createstatus'|\
  'github rendertaskclusteryml'|'hooks createhook'|'hooks triggerhook'|'hooks triggerhookwithtoken'|\
  'hooks updatehook'|'index inserttask'|'notify adddenylistaddress'|'notify deletedenylistaddress'|'notify email'|\
  'notify matrix'|'notify pulse'|'notify slack'|'object createupload'|'object finishupload'|'object startdownload'|\
  'purgecache purgecache'|'queue changetaskgrouppriority'|'queue changetaskpriority'|'queue claimtask'|\
  'queue claimwork'|'queue createartifact'|'queue createtask'|'queue declareworker'|'queue finishartifact'|\
  'queue quarantineworker'|'queue reportexception'|'queue taskqueuecountsbatch'|'secrets set'|\
  'workermanager createworker'|'workermanager createworkerpool'|'workermanager registerworker'|\
  'workermanager reportworkererror'|'workermanager reregisterworker'|'workermanager updateworker'|\
  'workermanager updateworkerpool')
    REPLY='--data --data-format --set --no-validate --dry-run -h --help' ;;
  'auth awss3credentials')
    REPLY='--format --dry-run -h --help' ;;
  'auth client'|'auth currentscopes'|'auth deleteclient'|'auth deleterole'|'auth disableclient'|\
  'auth enableclient'|'auth gcpcredentials'|'auth heartbeat'|'auth lbheartbeat'|'auth listroles'|'auth ping'|\
  'auth resetaccesstoken'|'auth role'|'auth sentrydsn'|'auth testauthenticateget'|'auth version'|\
  'auth websocktunneltoken'|'github badge'|'github heartbeat'|'github latest'|'github lbheartbeat'|'github ping'|\
  'github repository'|'github version'|'hooks gethookstatus'|'hooks gettriggertoken'|'hooks heartbeat'|\
  'hooks hook'|'hooks lbheartbeat'|'hooks listhookgroups'|'hooks listhooks'|'hooks ping'|'hooks removehook'|\
  'hooks resettriggertoken'|'hooks version'|'index deletetask'|'index findartifactfromtask'|'index findtask'|\
  'index heartbeat'|'index lbheartbeat'|'index ping'|'index version'|'notify heartbeat'|'notify lbheartbeat'|\
  'notify ping'|'notify version'|'object download'|'object heartbeat'|'object lbheartbeat'|'object object'|\
  'object ping'|'object version'|'purgecache heartbeat'|'purgecache lbheartbeat'|'purgecache ping'|\
  'purgecache version'|'queue artifact'|'queue artifactinfo'|'queue canceltask'|'queue canceltaskgroup'|\
  'queue getartifact'|'queue getlatestartifact'|'queue getprovisioner'|'queue gettaskgroup'|'queue gettaskqueue'|\
  'queue getworker'|'queue getworkertype'|'queue heartbeat'|'queue latestartifact'|'queue latestartifactinfo'|\
  'queue lbheartbeat'|'queue pendingtasks'|'queue ping'|'queue reclaimtask'|'queue reportcompleted'|\
  'queue reportfailed'|'queue reruntask'|'queue scheduletask'|'queue sealtaskgroup'|'queue status'|'queue task'|\
  'queue taskqueuecounts'|'queue version'|'secrets get'|'secrets heartbeat'|'secrets lbheartbeat'|'secrets ping'|\
  'secrets remove'|'secrets version'|'webserver heartbeat'|'webserver lbheartbeat'|'webserver ping'|\
  'webserver taskgroupprofile'|'webserver taskprofile'|'webserver version'|'workermanager deleteworkerpool'|\
  'workermanager getworker'|'workermanager heartbeat'|'workermanager lbheartbeat'|'workermanager ping'|\
  'workermanager removeworker'|'workermanager shouldworkerterminate'|'workermanager version'|\
  'workermanager worker'|'workermanager workerpool'|'workermanager workerpoolstats')
    REPLY='--dry-run -h --help' ;;
  'auth getentityhistory'|'auth listaudithistory'|'auth listroleids'|'auth listroles2'|'hooks listlastfires'|\
  'index listnamespaces'|'index listtasks'|'notify listdenylist'|'purgecache allpurgerequests'|\
  'queue listartifacts'|'queue listclaimedtasks'|'queue listdependenttasks'|'queue listlatestartifacts'|\
  'queue listpendingtasks'|'queue listprovisioners'|'queue listtaskgroup'|'queue listtaskqueues'|\
  'queue listworkertypes'|'secrets list'|'workermanager listproviders'|'workermanager listworkerpools'|\
  'workermanager listworkerpoolsstats'|'workermanager listworkersforworkergroup')
    REPLY='--continuation-token --limit --paginate --dry-run -h --help' ;;
  'auth listclients')
    REPLY='--prefix --continuation-token --limit --paginate --dry-run -h --help' ;;
  'github builds')
    REPLY='--continuation-token --limit --organization --repository --sha --pull-request --paginate --dry-run -h --help' ;;
  'github cancelbuilds')
    REPLY='--sha --pull-request --dry-run -h --help' ;;
  'index findtasksatindex'|'queue statuses'|'queue tasks')
    REPLY='--continuation-token --limit --data --data-format --set --no-validate --paginate --dry-run -h --help' ;;
  'purgecache purgerequests')
    REPLY='--since --dry-run -h --help' ;;
  'queue listworkers')
    REPLY='--continuation-token --limit --quarantined --paginate --dry-run -h --help' ;;
  'workermanager listworkerpoolerrors')
    REPLY='--continuation-token --limit --launch-config-id --error-id --paginate --dry-run -h --help' ;;
  'workermanager listworkerpoollaunchconfigs')
    REPLY='--continuation-token --limit --include-archived --paginate --dry-run -h --help' ;;
  'workermanager listworkers')
    REPLY='--continuation-token --limit --launch-config-id --quarantined --worker-state --paginate --dry-run -h --help' ;;
  'workermanager listworkersforworkerpool')
    REPLY='--continuation-token --limit --launch-config-id --state --paginate --dry-run -h --help' ;;
  'workermanager workerpoolerrorstats')
    REPLY='--worker-pool-id --dry-run -h --help' ;;
  *) return 1 ;;
  esac
}

# Path of a method: its query options.
_taskcluster_query() {
  case $1 in
  'auth awss3credentials')
    REPLY='--format' ;;
  'auth getentityhistory'|'auth listaudithistory'|'auth listroleids'|'auth listroles2'|'hooks listlastfires'|\
  'index findtasksatindex'|'index listnamespaces'|'index listtasks'|'notify listdenylist'|\
  'purgecache allpurgerequests'|'queue listartifacts'|'queue listclaimedtasks'|'queue listdependenttasks'|\
  'queue listlatestartifacts'|'queue listpendingtasks'|'queue listprovisioners'|'queue listtaskgroup'|\
  'queue listtaskqueues'|'queue listworkertypes'|'queue statuses'|'queue tasks'|'secrets list'|\
  'workermanager listproviders'|'workermanager listworkerpools'|'workermanager listworkerpoolsstats'|\
  'workermanager listworkersforworkergroup')
    REPLY='--continuation-token --limit' ;;
  'auth listclients')
    REPLY='--prefix --continuation-token --limit' ;;
  'github builds')
    REPLY='--continuation-token --limit --organization --repository --sha --pull-request' ;;
  'github cancelbuilds')
    REPLY='--sha --pull-request' ;;
  'purgecache purgerequests')
    REPLY='--since' ;;
  'queue listworkers')
    REPLY='--continuation-token --limit --quarantined' ;;
  'workermanager listworkerpoolerrors')
    REPLY='--continuation-token --limit --launch-config-id --error-id' ;;
  'workermanager listworkerpoollaunchconfigs')
    REPLY='--continuation-token --limit --include-archived' ;;
  'workermanager listworkers')
    REPLY='--continuation-token --limit --launch-config-id --quarantined --worker-state' ;;
  'workermanager listworkersforworkerpool')
    REPLY='--continuation-token --limit --launch-config-id --state' ;;
  'workermanager workerpoolerrorstats')
    REPLY='--worker-pool-id' ;;
  *) return 1 ;;
  esac
}

# Path below which all services are once more: what its methods take beside query options; - for what calls take.
_taskcluster_tree() {
  case $1 in
  signedurl)
    REPLY='--expires --internal -h --help' ;;
  url)
    REPLY='--internal -h --help' ;;
  api)
    REPLY='-' ;;
  *) return 1 ;;
  esac
}

# Whether the command of a path prints no data.
_taskcluster_without_output() {
  case $1 in
  completions|config|'config help'|'config reset'|'config set'|exec|group|'group logs'|help|profile|'profile edit'|\
  'profile path'|'profile remove'|'profile set'|'profile unset'|'profile use'|'sandbox clock'|'sandbox run'|\
  'sandbox start'|'sandbox stop'|'sandbox tour'|signout|task|'task log'|update)
    return 0 ;;
  *) return 1 ;;
  esac
}

# Tree, path and option: the kind of its value; = and choices; - for anything; 0 for none.
_taskcluster_value() {
  case $1 in
  *:'config get:-f'|*:'config get:--format')
    REPLY='=yaml,json' ;;
  *:'group download:-o'|*:'group download:--output'|*:'references distill:-o'|*:'references distill:--output'|\
  *:'sandbox run:--data'|*:'sandbox start:--data')
    REPLY='folder' ;;
  *:'group failures:--format')
    REPLY='=json,jsonl,markdown,raw,table,text,yaml' ;;
  *:'group logs:-n'|*:signin:-n|*:signin:-p|*:signin:--wait|*:'task artifacts:-r'|*:'task log:-r'|*:'task log:-n'|\
  *:'task run:-e'|*:'task status:-r'|*:'upload artifact:--reference'|*:uploadartifact:--reference|\
  *:'auth awss3credentials:--format')
    REPLY='-' ;;
  *:schema:--output|*:version:-s)
    REPLY='0' ;;
  *:'task wait:--for')
    REPLY='=completed,resolved,running' ;;
  *:'auth listclients:--prefix')
    REPLY='client' ;;
  *:--format)
    REPLY='=json,jsonl,raw,table,yaml' ;;
  *:-o|*:--output|*:--reference|*:--fake|*:--fake-calls|*:--journal|*:--methods)
    REPLY='file' ;;
  *:--jq|*:--columns|*:--root-url|*:--authorized-scope|*:--authorized-scopes|*:--retries|*:--timeout|\
  *:--delay-factor|*:--randomization-factor|*:--max-delay|*:--trace-id|*:--set|*:--payload-from|*:--id-from|\
  *:--query|*:--jobs|*:--rate|*:--checksum|*:--connections|*:--min-rate|*:--deadline|*:--transfer-retries|\
  *:--transfer-timeout|*:--transfer-delay-factor|*:--transfer-randomization-factor|*:--transfer-max-delay|\
  *:--max-age|*:--temp-scope|*:--temp-expires|*:--limit|*:--from|*:--name|*:--state|*:--reason|*:--queue|*:--kind|\
  *:--tag|*:--owner|*:--longer|*:--log-match|*:-w|*:--worker-type|*:--lines|*:--format-string|*:--tail|*:--grep|\
  *:--appear|*:--listen|*:--worker|*:--provider|*:--amqp|*:--fault|*:--latency|*:--drop|*:--storage-fault|*:--port|\
  *:--have|*:--need|*:--expires|*:-s|*:--scope|*:--save|*:--count|*:--run|*:--env|*:--times|*:--provisioner|\
  *:--description|*:--source|*:--start|*:--link|*:--message|*:--content-type|*:--project-id|*:--upload-id|\
  *:--continuation-token|*:--organization|*:--repository|*:--sha|*:--pull-request|*:--since|*:--quarantined|\
  *:--launch-config-id|*:--error-id|*:--include-archived|*:--worker-state)
    REPLY='-' ;;
  *:--profile)
    REPLY='profile' ;;
  *:--service-discovery)
    REPLY='=default,k8s-dns' ;;
  *:--color)
    REPLY='=auto,always,never' ;;
  *:--error-format)
    REPLY='=text,json' ;;
  *:--data|*:--assume-done|*:--assume-failed)
    REPLY='@file' ;;
  *:--data-format)
    REPLY='=json,yaml' ;;
  *:--index)
    REPLY='index-path' ;;
  *:--secret|*:--secret-file)
    REPLY='secret' ;;
  *:--against|*:--group)
    REPLY='task-group' ;;
  *:--sort)
    REPLY='=name,state,wait,duration' ;;
  *:--prefix)
    REPLY='=label,id,none' ;;
  *:--by)
    REPLY='=state,kind,queue,owner' ;;
  *:--for)
    REPLY='=settled,completed,resolved' ;;
  *:--as)
    REPLY='=task,group,hook,worker,pool' ;;
  *:--shell)
    REPLY='=bash,sh,zsh,fish,csh,tcsh,powershell,pwsh' ;;
  *:--dependency)
    REPLY='task' ;;
  *:--storage)
    REPLY='=s3,object' ;;
  *:--error)
    REPLY='=file-missing-on-worker,invalid-resource-on-worker,too-large-file-on-worker,file-not-readable-on-worker' ;;
  *:--worker-pool-id)
    REPLY='worker-pool' ;;
  *) return 1 ;;
  esac
}

_taskcluster_output='--format -o --output --jq --columns -r --raw-strings'
_taskcluster_shared='--root-url --profile --reference --anonymous --authorized-scope --authorized-scopes --proxy --no-proxy --service-discovery --retries --timeout --delay-factor --randomization-factor --max-delay --retry-unsafe --trace-id --read-only --fake --fake-calls -v --verbose -q --quiet --color --pager --no-pager --error-format'

_taskcluster_topics='credentials environment exit-codes formats in-ci scopes times'

_taskcluster_plain() {
  REPLY=$1
  if [[ $1 =~ ^(--[a-z-]+=)?\"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?\"?$ ]]; then
    local name=${BASH_REMATCH[2]}
    REPLY=${BASH_REMATCH[1]}${!name-}
  else
    REPLY=${1//[\\\"\']/}
    [[ $REPLY == '~/'* ]] && REPLY=$HOME/${REPLY#??}
  fi
  return 0
}

_taskcluster_fold() {
  REPLY=${1//[-_]/}
  if ((BASH_VERSINFO[0] > 3)); then
    REPLY=${REPLY,,}
  else
    REPLY=$(tr '[:upper:]' '[:lower:]' <<<"$REPLY")
  fi
}

_taskcluster_line() {
  local rest=$COMP_LINE part blank place count=-1
  words=()
  for ((place = 0; place <= COMP_CWORD; place++)); do
    part=${COMP_WORDS[place]}
    blank=${rest%%[![:space:]]*}
    rest=${rest#"$blank"}
    rest=${rest#"$part"}
    if [[ $place -gt 0 && -z $blank && $part != [\<\>]* && ${words[count]} != *[\<\>] ]]; then
      words[count]+=$part
    else
      words[++count]=$part
    fi
  done
  local beyond=$((${#COMP_LINE} - ${#rest} - COMP_POINT))
  if ((beyond > 0)); then
    words[count]=${words[count]:0:$((${#words[count]} - beyond))}
  fi
}

_taskcluster_offer_names() {
  local name folded
  _taskcluster_fold "$current"
  folded=$REPLY
  for name in $1; do
    _taskcluster_fold "$name"
    [[ $REPLY == "$folded"* ]] && found+=("$before$name")
  done
}

_taskcluster_offer() {
  local word
  for word in $1; do
    [[ $word == "$current"* ]] && found+=("$before$word")
  done
}

_taskcluster_offer_values() {
  local line
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    [[ $line == "$current"* ]] && found+=("$before$line")
  done < <("$tool" ${account[@]+"${account[@]}"} completions --values "$1" -- ${given[@]+"${given[@]}"} "$current" \
    2>/dev/null </dev/null)
  [[ ${#found[@]} -gt 0 ]]
}

_taskcluster_offer_files() {
  local path
  while IFS= read -r path; do
    found+=("$before$path")
  done < <(compgen "$1" -- "$current")
  compopt -o filenames 2>/dev/null
  files=1
}

_taskcluster_offer_kind() {
  case $1 in
    =*)
      local choices=${1#=}
      _taskcluster_offer "${choices//,/ }"
      ;;
    '' | -) ;;
    file) _taskcluster_offer_files -f ;;
    folder) _taskcluster_offer_files -d ;;
    command) _taskcluster_offer_files -c ;;
    @file)
      if [[ $current == @* ]]; then
        before+=@ current=${current#@}
        _taskcluster_offer_files -f
      else
        _taskcluster_offer @
      fi
      ;;
    service) _taskcluster_words / && _taskcluster_offer_names "$REPLY" ;;
    method) _taskcluster_fold "${given[${#given[@]} - 1]}" && _taskcluster_words "$REPLY" &&
      _taskcluster_offer_names "$REPLY" ;;
    exchange) _taskcluster_fold "${given[${#given[@]} - 1]}" && _taskcluster_exchanges "$REPLY" &&
      _taskcluster_offer_names "$REPLY" ;;
    topic) _taskcluster_words '' && _taskcluster_offer_names "$_taskcluster_topics $REPLY" ;;
    *'|file') _taskcluster_offer_values "${1%|file}" || _taskcluster_offer_files -f ;;
    *) _taskcluster_offer_values "$1" ;;
  esac
}

_taskcluster_offer_place() {
  local kinds place=${#given[@]} last
  local IFS=$' \t\n'
  set -f
  kinds=($1)
  set +f
  last=$((${#kinds[@]} - 1))
  if ((last > 0 && place >= last)) && [[ ${kinds[last]} == ... ]]; then
    place=$((last - 1))
  fi
  case ${kinds[place]} in
    argument)
      local service
      _taskcluster_fold "${given[0]}"
      service=$REPLY
      _taskcluster_fold "${given[1]}"
      if _taskcluster_places "$service $REPLY"; then
        given=("${given[@]:2}")
        _taskcluster_offer_place "$REPLY"
      fi
      ;;
    ...) ;;
    *) _taskcluster_offer_kind "${kinds[place]}" ;;
  esac
}

_taskcluster_offer_options() {
  local all=
  if [[ -z $tree ]]; then
    _taskcluster_options "$path" && all=$REPLY
  elif _taskcluster_tree "$tree" && [[ $REPLY != - ]]; then
    all=$REPLY
    _taskcluster_query "$path" && all="$REPLY $all"
  else
    _taskcluster_options "$path" && all=$REPLY
  fi
  _taskcluster_without_output "$path" || all+=" $_taskcluster_output"
  _taskcluster_offer "$all $_taskcluster_shared"
  local each seen=' '
  local -a unique=()
  for each in ${found[@]+"${found[@]}"}; do
    [[ $seen == *" $each "* ]] || unique+=("$each")
    seen+="$each "
  done
  found=(${unique[@]+"${unique[@]}"})
}

_taskcluster_walk() {
  local word place kinds only_arguments= redirected=
  for ((place = 1; place < ${#words[@]} - 1; place++)); do
    word=${words[place]}
    if [[ $redirected ]]; then
      redirected=
      continue
    elif [[ $word == *[\<\>] ]]; then
      redirected=1
      continue
    fi
    _taskcluster_plain "$word"
    word=$REPLY
    if [[ $option ]]; then
      [[ $is_shared ]] && account+=("$word")
      option=
    elif [[ $word == -- && -z $only_arguments ]]; then
      only_arguments=1
    elif [[ $word == -?* && -z $only_arguments ]]; then
      is_shared=
      [[ " $_taskcluster_shared " == *" ${word%%=*} "* ]] && is_shared=1 && account+=("$word")
      if [[ $word != *=* ]] && _taskcluster_value "$tree:$path:$word" && [[ $REPLY != 0 ]]; then
        option=$word
      fi
    else
      kinds=
      if _taskcluster_places "$path"; then
        kinds=$REPLY
      fi
      if [[ $kinds == + ]]; then
        _taskcluster_fold "$word"
        path=${path:+$path }$REPLY
        if [[ $tree && $path == '/ '* ]]; then
          path=${path#/ }
          _taskcluster_places "$tree $path" && path="$tree $path" tree=
        fi
        _taskcluster_places "$path" || return 1
        if _taskcluster_tree "$path"; then
          tree=$path path=/
        fi
      else
        given+=("$word")
      fi
    fi
  done
  [[ $option && $is_shared ]] && unset "account[$((${#account[@]} - 1))]"
  [[ -z $redirected ]] || files=1
  [[ -z $only_arguments ]] || ends_options=1
}

_taskcluster() {
  local REPLY tool current before= path= tree= option= is_shared= ends_options= files=
  local -a words=() given=() account=() found=()
  local IFS=$' \t\n'
  COMPREPLY=()
  _taskcluster_line
  _taskcluster_plain "${words[0]}"
  tool=$REPLY
  ((BASH_VERSINFO[0] > 3)) && [[ ${BASH_ALIASES[$tool]-} ]] && tool=${BASH_ALIASES[$tool]%% *}
  current=${words[${#words[@]} - 1]}
  _taskcluster_walk || return 0
  local quote= quotes
  for quote in \" \' ''; do
    quotes=${current//[!$quote]/}
    ((${#quotes} % 2)) && break
  done
  [[ $current == \$* ]] || { _taskcluster_plain "$current" && current=$REPLY; }
  local written=$current
  if [[ $files ]]; then
    _taskcluster_offer_files -f
  elif [[ $option ]]; then
    _taskcluster_value "$tree:$path:$option" && _taskcluster_offer_kind "$REPLY"
  elif [[ $current == --*=* && -z $ends_options ]]; then
    before=${current%%=*}= current=${current#*=}
    _taskcluster_value "$tree:$path:${before%=}" && _taskcluster_offer_kind "$REPLY"
  elif [[ $current == -* && -z $ends_options ]]; then
    _taskcluster_offer_options
  elif _taskcluster_places "$path"; then
    if [[ $REPLY == + ]]; then
      [[ $path == / ]] && _taskcluster_words "$tree" && _taskcluster_offer_names "$REPLY"
      _taskcluster_words "$path" && _taskcluster_offer_names "$REPLY"
    else
      _taskcluster_offer_place "$REPLY"
    fi
  fi
  _taskcluster_reply "$2"
}

_taskcluster_reply() {
  local each kept=
  [[ $written == *"$1" ]] && kept=${written%"$1"}
  for each in ${found[@]+"${found[@]}"}; do
    each=${each#"$kept"}
    if [[ -z $files && -z $quote && $each == *[!A-Za-z0-9_./:=@%+,~^-]* ]]; then
      printf -v each %q "$each"
    elif [[ $quote == \" ]]; then
      each=${each//\\/\\\\} each=${each//\"/\\\"} each=${each//\$/\\\$} each=${each//\`/\\\`}
    elif [[ $quote == \' && $each == *\'* ]]; then
      continue
    fi
    COMPREPLY+=("$each")
  done
  if [[ ${#COMPREPLY[@]} -eq 1 && -z $files && ${COMPREPLY[0]} == *[/.:@=] ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}

complete -F _taskcluster tc taskcluster-tc
