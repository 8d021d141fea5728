# PowerShell completion for opwatch; generated, do not edit
Register-ArgumentCompleter -Native -CommandName opwatch -ScriptBlock {
  param($word, $ast, $position)
  $said = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } |
    ForEach-Object { $_.ToString() })
  $before = @($said | Select-Object -Skip 1)
  & $said[0] __complete "=$word" @before 2>$null | Where-Object { $_ -notlike ':*' } |
    ForEach-Object {
      $found, $about = $_ -split "`t", 2
      if (-not $about) { $about = $found }
      [System.Management.Automation.CompletionResult]::new($found, $found, 'ParameterValue', $about)
    }
}
