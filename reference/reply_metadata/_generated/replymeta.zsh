#compdef replymeta
# Completion for replymeta; generated from its arguments by `make generate`, do not edit.
_replymeta() {
  local curcontext=$curcontext state line
  local -a commands
  _arguments -C \
    '-h[show this help message and exit]' \
    '--help[show this help message and exit]' \
    '--version[show program'"'"'s version number and exit]' \
    '--completion[print what completes commands in a shell, for eval "$(replymeta --completion bash)"]:COMPLETION:(bash zsh fish)' \
    '1: :->command' '*:: :->rest'
  case $state in
  command)
    commands=(
      'parse:read replies and show their parts, metadata and its status'
      'keys:show the keys of the first edition and what each allows'
      'demo:run the scenario of the list message over real sockets and show the dialogue'
      'serve:serve SMTP or LMTP - keep mail in Maildirs, refer, defer or reject recipients'
      'send:send messages by SMTP or LMTP and show the replies with their metadata'
      'proxy:take mail by LMTP or SMTP, give it to the hosts behind, and follow their referrals'
    )
    _describe -t commands 'replymeta command' commands ;;
  rest)
    case $words[1] in
    parse) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '--negotiated[the server listed REPLYMETA (the default)]' '--plain[the server did not list REPLYMETA\: nothing is metadata]' '--command[what the replies answer, such as RCPT]:COMMAND: ' '--recipient[the path sent in the RCPT command]:RECIPIENT: ' '--lmtp[the connection speaks LMTP]' '--lf[take LF in the input for CR LF]' '--engine[what reads the lines]:ENGINE:(compiled lark)' '--json[one JSON document a reply, a line each]' ;;
    keys) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '--json[one JSON document]' ;;
    demo) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '--directory[where Maildirs and transcript.txt are put (default\: build/demo)]:DIRECTORY:_files -/' '--json[the dialogue as one JSON document]' '--stable[names in place of ports and files, so that every run shows the same]' ;;
    serve) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '--maildir[the folder for a Maildir each mailbox]:MAILDIR:_files -/' '--config[a TOML file that says all the options below do but --log-json]:FILE:_files' '--example-config[print a file for --config]' '--hash-password[read a password, print what a file keeps]' '--check[read the file of --config and stop]' '--lmtp[speak LMTP (the default)]' '--smtp[speak SMTP]' '--listen[where to listen (default\: 127.0.0.1\:2424); port 0\: any free one]:HOST\:PORT: ' '--name[the name the server greets with (default\: localhost)]:NAME: ' '--log-json[log one JSON object a line]' '*--refer[this mailbox is on another host (REFERRAL)]:MAILBOX=URI\[,URI\]: ' '*--defer[this mailbox is busy (RETRY-AFTER)]:MAILBOX\[=SECONDS\]: ' '*--reject[there is no such mailbox (REASON)]:MAILBOX\[=TOKEN\]: ' '*--trust[clients that may see REFERRAL; without it nobody does]:NETWORK: ' ;;
    send) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '--lmtp[the server, which speaks LMTP]:HOST\:PORT: ' '--smtp[the server, which speaks SMTP]:HOST\:PORT: ' '--name[the name in EHLO or LHLO]:NAME: ' '--timeout[for each reply (default\: 30)]:SECONDS: ' '--from[]:MAILBOX: ' '*--to[a recipient; once for each]:MAILBOX: ' '*:FILE:_files' '--json[a line of JSON for each recipient of each message]' '--tls[required\: with a certificate for the host; opportunistic, the default\: where it is offered, with any certificate; off\: never]:TLS:(off opportunistic required)' '--ca-file[who signs certificates, in PEM]:FILE:_files' '--user[say AUTH PLAIN; needs --tls required]:NAME: ' '--password-file[its first line is the password]:FILE:_files' '--password-env[the environment variable with the password]:VARIABLE: ' '--follow-referrals[follow REFERRAL, from and to where the next options say]' '*--trust-peer[whose referrals count; with --user, the server'"'"'s count, too]:NETWORK: ' '*--allow-network[where they may lead]:NETWORK: ' '*--allow-port[to which ports]:PORT\[-PORT\]: ' '--retry[when a RETRY-AFTER asks for no more than that, wait and try once more]:SECONDS: ' ;;
    proxy) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '--config[a TOML file]:FILE:_files' '--check[read the file and stop]' ;;
    esac ;;
  esac
}
if [[ $funcstack[1] == _replymeta ]]; then _replymeta "$@"
else compdef _replymeta replymeta; fi
