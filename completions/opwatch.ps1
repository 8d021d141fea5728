# PowerShell completion for opwatch; generated, do not edit
Register-ArgumentCompleter -Native -CommandName opwatch -ScriptBlock {
  param($word, $ast, $position)
  $words = @{
    'opwatch' = @('get', 'wait', 'start', 'replay', 'profile', 'auth', 'demo', 'completion', '--version', '-V', '--help', '-h')
    'opwatch get' = @('--exit-zero', '--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--header', '-H', '--result', '--json', '--raw', '--record', '--quiet', '-q', '--verbose', '-v', '--no-color', '--ca-file', '--help', '-h')
    'opwatch wait' = @('--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--header', '-H', '--timeout', '-t', '--interval', '-i', '--pace', '--any', '--all', '--fail-fast', '--stall', '--lost-after', '--confirm', '--fail-on', '--timeout-exit-code', '--result', '--download', '--json', '--jsonl', '--raw', '--progress', '--junit', '--record', '--quiet', '-q', '--verbose', '-v', '--no-color', '--ca-file', '--help', '-h')
    'opwatch start' = @('--data', '-d', '--idempotency-key', '--no-wait', '--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--header', '-H', '--timeout', '-t', '--interval', '-i', '--pace', '--any', '--all', '--fail-fast', '--stall', '--lost-after', '--confirm', '--fail-on', '--timeout-exit-code', '--result', '--download', '--json', '--jsonl', '--raw', '--progress', '--junit', '--record', '--quiet', '-q', '--verbose', '-v', '--no-color', '--ca-file', '--help', '-h')
    'opwatch replay' = @('--explain', '--profile', '-p', '--config', '--json', '--jsonl', '--quiet', '-q', '--help', '-h')
    'opwatch profile' = @('list', 'show', 'check', 'schema', 'explain', 'new', '--help', '-h')
    'opwatch profile list' = @('--config', '--json', '--help', '-h')
    'opwatch profile show' = @('--config', '--json', '--source', '--help', '-h')
    'opwatch profile check' = @('--all', '--answer', '--strict', '--config', '--help', '-h')
    'opwatch profile schema' = @('--help', '-h')
    'opwatch profile explain' = @('--profile', '-p', '--param', '--config', '--base-url', '--answer', '--json', '--help', '-h')
    'opwatch profile new' = @('--from', '--name', '--url', '--data', '-d', '--output', '-o', '--config', '--token-stdin', '--ca-file', '--help', '-h')
    'opwatch auth' = @('login', 'logout', 'status', 'test', '--help', '-h')
    'opwatch auth login' = @('--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--print', '--ca-file', '--help', '-h')
    'opwatch auth logout' = @('--profile', '-p', '--param', '--config', '--base-url', '--help', '-h')
    'opwatch auth status' = @('--profile', '-p', '--param', '--config', '--base-url', '--json', '--help', '-h')
    'opwatch auth test' = @('--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--json', '--verbose', '-v', '--ca-file', '--help', '-h')
    'opwatch demo' = @('--serve', '--port', '--progress', '--no-color', '--help', '-h')
    'opwatch completion' = @('--help', '-h')
  }
  $said = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  $before = if ($word) { $said[-2] } else { $said[-1] }
  if ($before -in '-p', '--profile') {
    $found = @(opwatch __complete profiles)
  } else {
    $key = 'opwatch'
    foreach ($each in $said | Select-Object -Skip 1) {
      if ($words.ContainsKey("$key $each")) { $key = "$key $each" }
    }
    $found = $words[$key]
  }
  $found | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
