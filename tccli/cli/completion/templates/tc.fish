# Completion of tc in fish, generated: a change to this file is lost.
#
#   tc completions fish | source

@TABLES@

# Print the word as the command would get it: with a variable's value for a variable.
function __taskcluster_plain
    set -l parts (string match -r -- '^(--[a-z-]+=|)"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?$' $argv[1])
    if set -q parts[3]
        set -l name $parts[3]
        echo -- $parts[2]"$$name"
    else
        string replace -r -- '^~/' $HOME/ $argv[1]
    end
end

# Print what all spellings of a name have in common.
function __taskcluster_fold
    string lower -- (string replace -a -r -- '[-_]' '' $argv[1])
end

# Print what only the deployment knows; fail where that is nothing.
function __taskcluster_values -S
    set -l found ($tool $account completions --values $argv[1] -- $given $current 2>/dev/null </dev/null)
    set -q found[1]; and printf '%s\n' $before$found
end

function __taskcluster_files -S
    set -l found (__fish_complete_path $current)
    set -q found[1]; and printf '%s\n' $before$found
end

# Print the values of a kind.
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

# Print what may stand in the place after the arguments that are given.
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

# Walk over the words before the current one: path, tree, given, account and option say where that leads.
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
    # An option without its value is of no use.
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
