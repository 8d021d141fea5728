# fish completion for opwatch; generated, do not edit
function __opwatch_complete
    set -l before (commandline -opc)
    set -l typed (commandline -ct)
    set -l option (string match -r -- '^--[^=]+=' "$typed")
    set -l rest (string replace -- "$option" '' "$typed")
    for line in ($before[1] __complete "=$typed" $before[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                printf "$option%s\n" (__fish_complete_path "$rest")
            case ':folders'
                printf "$option%s\n" (__fish_complete_directories "$rest")
            case '*'
                echo $line
        end
    end
end
complete -c opwatch -f -k -a '(__opwatch_complete)'
