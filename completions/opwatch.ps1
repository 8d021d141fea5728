# PowerShell completion for opwatch; generated, do not edit
Register-ArgumentCompleter -Native -CommandName opwatch -ScriptBlock {
  param($word, $ast, $position)
  $words = @{
    'opwatch' = @('get', 'wait', 'start', 'profile', 'auth', 'demo', 'completion', '--version', '-V', '-h', '--help')
    'opwatch get' = @('--profile', '-p', '--param', '--config', '--base-url', '--exit-zero', '--result', '--json', '--raw', '--quiet', '-q', '--verbose', '-v', '--no-color', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch wait' = @('--profile', '-p', '--param', '--timeout', '-t', '--interval', '-i', '--any', '--all', '--fail-fast', '--stall', '--lost-after', '--confirm', '--fail-on', '--timeout-exit-code', '--result', '--download', '--config', '--base-url', '--json', '--jsonl', '--raw', '--progress', '--junit', '--quiet', '-q', '--verbose', '-v', '--no-color', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch start' = @('--data', '-d', '--header', '-H', '--idempotency-key', '--no-wait', '--profile', '-p', '--param', '--timeout', '-t', '--interval', '-i', '--any', '--all', '--fail-fast', '--stall', '--lost-after', '--confirm', '--fail-on', '--timeout-exit-code', '--result', '--download', '--config', '--base-url', '--json', '--jsonl', '--raw', '--progress', '--junit', '--quiet', '-q', '--verbose', '-v', '--no-color', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch profile' = @('explain', 'new', 'list', 'show', 'check', 'schema', '-h', '--help')
    'opwatch profile explain' = @('--profile', '-p', '--param', '--config', '--base-url', '--answer', '--json', '-h', '--help')
    'opwatch profile new' = @('--from', '--name', '--url', '--output', '-o', '--config', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch profile list' = @('--config', '--json', '-h', '--help')
    'opwatch profile show' = @('--config', '--json', '--source', '-h', '--help')
    'opwatch profile check' = @('--all', '--config', '-h', '--help')
    'opwatch profile schema' = @('-h', '--help')
    'opwatch auth' = @('login', 'logout', 'status', 'test', '-h', '--help')
    'opwatch auth login' = @('--profile', '-p', '--param', '--config', '--base-url', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch auth logout' = @('--profile', '-p', '--param', '--config', '--base-url', '-h', '--help')
    'opwatch auth status' = @('--profile', '-p', '--param', '--config', '--base-url', '--json', '-h', '--help')
    'opwatch auth test' = @('--profile', '-p', '--param', '--config', '--base-url', '--json', '--verbose', '-v', '--token-stdin', '--ca-file', '-h', '--help')
    'opwatch demo' = @('--serve', '--port', '--progress', '--no-color', '-h', '--help')
    'opwatch completion' = @('-h', '--help')
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
