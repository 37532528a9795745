# Completion of tc in bash, generated: a change to this file is lost.
#
#   eval "$(tc completions bash)"

@TABLES@

# Set REPLY to the word as the command would get it: without quotes, and with a variable's value for a variable. What
# would run a command stays as it is.
_taskcluster_plain() {
  REPLY=$1
  if [[ $1 =~ ^(--[a-z-]+=)?\"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?\"?$ ]]; then
    local name=${BASH_REMATCH[2]}
    REPLY=${BASH_REMATCH[1]}${!name-}
  else
    REPLY=${1//[\\\"\']/}
    # Only a tilde at the beginning is the home folder.
    [[ $REPLY == '~/'* ]] && REPLY=$HOME/${REPLY#??}
  fi
  return 0
}

# Set REPLY to what all spellings of a name have in common.
_taskcluster_fold() {
  REPLY=${1//[-_]/}
  if ((BASH_VERSINFO[0] > 3)); then
    REPLY=${REPLY,,}
  else
    REPLY=$(tr '[:upper:]' '[:lower:]' <<<"$REPLY")
  fi
}

# Fill words with those up to the cursor, whole: bash breaks them at colons and the like.
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

# Offer those of the words that the current one is the beginning of, in any spelling where they are names.
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

# Offer what only the deployment knows. These texts are other people's: nothing of them may be expanded.
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

# Offer the values of a kind.
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

# Offer what may stand in the place after the arguments that are given.
_taskcluster_offer_place() {
  local kinds place=${#given[@]} last
  # Split at blanks, and nothing else.
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
  # An option that two lists name is one.
  local each seen=' '
  local -a unique=()
  for each in ${found[@]+"${found[@]}"}; do
    [[ $seen == *" $each "* ]] || unique+=("$each")
    seen+="$each "
  done
  found=(${unique[@]+"${unique[@]}"})
}

# Walk over the words before the current one: path, tree, given, account and option say where that leads.
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
  # An option without its value is of no use.
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

# Answer with what was found: without what readline does not replace, and quoted where need be.
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
