# Completion of tc in PowerShell, generated: a change to this file is lost.
#
#   tc completions powershell | Out-String | Invoke-Expression

@TABLES@

# What all spellings of a name have in common.
function global:Get-TaskclusterTcFolded([string] $Name) {
    return ($Name -replace '[-_]', '').ToLowerInvariant()
}

# What an element of the command line is worth: a text, or a variable's value. What would run a command stays as it is.
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

# The option's entry in a table: below its path or tree, or anywhere.
function global:Get-TaskclusterTcEntry($Table, $State, [string] $Option) {
    foreach ($Key in "$($State.Tree):$Option", "$($State.Path):$Option", $Option) {
        if ($Table.ContainsKey($Key)) {
            return $Table[$Key]
        }
    }
    return ''
}

# Walk over the words before the current one, and return where that leads.
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
    # An option without its value is of no use.
    if ($State.Option -and $IsShared) { $State.Account.RemoveAt($State.Account.Count - 1) }
    return $State
}

# What only the deployment knows, each with a tab and its meaning.
function global:Get-TaskclusterTcValues([string] $Kind, $State, [string] $Tool, [string] $Current) {
    $Words = @($State.Given) + @($Current)
    # Before 7.3 an empty word is lost on the way to a program, unless it is written as one.
    if (-not $Current -and $PSVersionTable.PSVersion -lt [version] '7.3') { $Words[-1] = '""' }
    $Account = @($State.Account)
    $Found = & $Tool @Account completions --values $Kind '--' @Words 2>$null
    return @($Found | Where-Object { $_ })
}

# The values of a kind, each with a tab and its meaning; nothing where files will do.
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

# What may stand in the place after the arguments that are given.
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

# The options of a command, each with a tab and its meaning.
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
        # These texts are other people's: nothing of them may be expanded.
        if ($Text -notmatch '^[A-Za-z0-9_./:=%+~^-]+$') {
            $Text = "'" + ($Text -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
        }
        $Shown = if ($Meaning) { $Meaning } else { $Value }
        $Type = if ($Value.StartsWith('-')) { 'ParameterName' } else { 'ParameterValue' }
        [System.Management.Automation.CompletionResult]::new($Text, $Value, $Type, $Shown)
    }
}
