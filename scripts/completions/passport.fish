# fish completion for passport; what there is to choose from says passport itself.
function __passport_words
    set -l before (commandline -opc)
    set -l last (commandline -ct)
    for word in (passport --complete $before[2..] "$last" 2>/dev/null </dev/null)
        if test "$word" = /
            complete -C "'' $last" # names of files
        else
            echo $word
        end
    end
end
complete -c passport -f -a '(__passport_words)'
