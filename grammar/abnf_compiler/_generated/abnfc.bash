# Completion for abnfc; generated from its arguments by `make generate`, do not edit.
_abnfc() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
  local command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " check explain match parse extract fmt diff sentences coverage lark python javascript regex railroad " in *" $word "*) command="$word"; break ;; esac
  done
  case "$command" in
    "")
      case "$before" in
        --completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --completion' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -W 'check explain match parse extract fmt diff sentences coverage lark python javascript regex railroad' -- "$current") ;;
    check)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --select) mapfile -t COMPREPLY < <(compgen -W 'ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502' -- "$current"); return ;;
        --ignore) mapfile -t COMPREPLY < <(compgen -W 'ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502' -- "$current"); return ;;
        --max-columns) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --select --ignore --strict --examples --analysis --max-columns --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    explain)
      case "$before" in
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -W 'ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502' -- "$current") ;;
    match)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --encode) COMPREPLY=(); return ;;
        --engine) mapfile -t COMPREPLY < <(compgen -W 'auto compiled earley' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --escapes --encode --engine --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    parse)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --encode) COMPREPLY=(); return ;;
        --named) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --escapes --encode --named --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    extract)
      case "$before" in
        --format) mapfile -t COMPREPLY < <(compgen -W 'xml text markdown' -- "$current"); return ;;
        --type) COMPREPLY=(); return ;;
        --section) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --format --type --section --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    fmt)
      case "$before" in
        --width) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --width --check --in-place' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    diff)
      case "$before" in
        --rule) COMPREPLY=(); return ;;
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --rule --all --exit-code --json --library --fragment' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    sentences)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --count) COMPREPLY=(); return ;;
        --seed) COMPREPLY=(); return ;;
        --max-octets) COMPREPLY=(); return ;;
        --symbols) mapfile -t COMPREPLY < <(compgen -W 'classes ends octets' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --count --seed --max-octets --near-misses --w-method --symbols' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    coverage)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --fail-under) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --fail-under --json' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    lark)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --lines' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    python)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    javascript)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --global) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --script --global' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    regex)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --dialect) mapfile -t COMPREPLY < <(compgen -W 'python javascript' -- "$current"); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --dialect' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    railroad)
      case "$before" in
        --library) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --import) COMPREPLY=(); return ;;
        --link) COMPREPLY=(); return ;;
      esac
      if [[ "$current" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help --library --import --fragment --text --rfc --artset --ascii --link' -- "$current"); return; fi
      mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -o filenames -F _abnfc abnfc
