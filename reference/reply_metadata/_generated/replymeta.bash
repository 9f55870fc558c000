# Completion for replymeta; generated from its arguments by `make generate`, do not edit.
_replymeta() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
  local command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " parse keys demo serve send proxy " in *" $word "*) command="$word"; break ;; esac
  done
  case "$command" in
    "")
      case "$before" in
        --completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --version --completion' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -W 'parse keys demo serve send proxy' -- "$current") ;;
    parse)
      case "$before" in
        --command) COMPREPLY=(); return ;;
        --recipient) COMPREPLY=(); return ;;
        --engine) mapfile -t COMPREPLY < <(compgen -W 'compiled lark' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --negotiated --plain --command --recipient --lmtp --lf --engine --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    keys)
      case "$before" in
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --json' -- "$current"); return; fi
      COMPREPLY=() ;;
    demo)
      case "$before" in
        --directory) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --directory --json --stable' -- "$current"); return; fi
      COMPREPLY=() ;;
    serve)
      case "$before" in
        --maildir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --listen) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --refer) COMPREPLY=(); return ;;
        --defer) COMPREPLY=(); return ;;
        --reject) COMPREPLY=(); return ;;
        --trust) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --maildir --config --example-config --hash-password --check --lmtp --smtp --listen --name --log-json --refer --defer --reject --trust' -- "$current"); return; fi
      COMPREPLY=() ;;
    send)
      case "$before" in
        --lmtp) COMPREPLY=(); return ;;
        --smtp) COMPREPLY=(); return ;;
        --name) COMPREPLY=(); return ;;
        --timeout) COMPREPLY=(); return ;;
        --from) COMPREPLY=(); return ;;
        --to) COMPREPLY=(); return ;;
        --tls) mapfile -t COMPREPLY < <(compgen -W 'off opportunistic required' -- "$current"); return ;;
        --ca-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --user) COMPREPLY=(); return ;;
        --password-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --password-env) COMPREPLY=(); return ;;
        --trust-peer) COMPREPLY=(); return ;;
        --allow-network) COMPREPLY=(); return ;;
        --allow-port) COMPREPLY=(); return ;;
        --retry) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --lmtp --smtp --name --timeout --from --to --json --tls --ca-file --user --password-file --password-env --follow-referrals --trust-peer --allow-network --allow-port --retry' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    proxy)
      case "$before" in
        --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --config --check' -- "$current"); return; fi
      COMPREPLY=() ;;
  esac
}
complete -o filenames -F _replymeta replymeta
