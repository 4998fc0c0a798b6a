#!/usr/bin/env bash
# 从菜谱到会做菜的模型，从头走一遍：40 道菜教出一个小模型，再教 20 道新菜（全量和 LoRA），合并，比较。
#
#   examples/finetune.sh [文件夹]        四核的电脑大约十分钟；不下载任何模型
#
# 要先装好训练用的依赖：pip install -e '.[train]'。停在哪里都可以再运行一次，做完的不再做。
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
work="${1:-finetune}"
shishen="${SHISHEN:-shishen}"
kinds=recipe,ingredients,method,features,tips,fact,follow_up
export SHISHEN_HOME="$work/home"
mkdir -p "$work/old-recipes" "$work/new-recipes"
say() { printf '\n==> [%s 秒] %s\n' "$SECONDS" "$1"; }
# 教：教完的不再教，教到一半的接着教。
teach() {
  run="$1"
  shift
  if [ -d "$run/model" ]; then
    echo "$run 教过了"
  elif [ -e "$run/checkpoints" ]; then
    "$shishen" train --resume "$run"
  else
    "$shishen" train "$@" --output "$run"
  fi
}

say "自带菜谱的前 60 道：40 道是旧菜谱，20 道是新菜谱"
number=0
for recipe in "$here"/shishen/cookbook/*.md; do
  number=$((number + 1))
  if [ "$number" -le 40 ]; then cp "$recipe" "$work/old-recipes/"; fi
  if [ "$number" -gt 40 ] && [ "$number" -le 60 ]; then cp "$recipe" "$work/new-recipes/"; fi
done

say "写对话"
"$shishen" dataset build "$work/old-recipes" --kinds "$kinds" --phrasings 1 \
  --dev-count 0 --test-count 0 --output "$work/old" --force
"$shishen" dataset build "$work/new-recipes" --kinds "$kinds" --phrasings 1 \
  --dev-count 0 --test-count 0 --output "$work/new" --force

say "从头教一个小模型做 40 道旧菜"
"$shishen" train cp tiny-cpu "$work/base.toml" --force
teach "$work/runs/base" "$work/base.toml" --data "$work/old"

say "教 20 道新菜：全量，不复习旧菜"
lesson=(--base "$work/runs/base/model" --data "$work/new" --set batch.tokens=2048
  --set evaluation.samples=0 --set evaluation.every=100000 --set checkpoint.every=100000)
teach "$work/runs/full" "${lesson[@]}" --method full --epochs 12 --learning-rate 1e-3

say "教 20 道新菜：全量，同时复习旧菜"
teach "$work/runs/full-replay" "${lesson[@]}" --method full --epochs 12 --learning-rate 1e-3 \
  --replay "$work/old" --set replay.share=0.4

say "教 20 道新菜：LoRA，同时复习旧菜"
teach "$work/runs/lora" "${lesson[@]}" --method lora --epochs 24 --learning-rate 4e-3 \
  --set lora.rank=64 --set lora.alpha=128 --replay "$work/old" --set replay.share=0.25

say "把 LoRA 合并进底座"
if [ -d "$work/models/lora" ]; then
  echo "$work/models/lora 合并过了"
else
  "$shishen" merge "$work/runs/lora" "$work/models/lora"
fi

say "比较：学会了多少，忘了多少"
"$shishen" compare "$work/runs/base" "$work/runs/full" "$work/runs/full-replay" "$work/models/lora" \
  --dataset "$work/new" --old "$work/old" --count 60 --output "$work/compare"

question="$(sed -n '/"kind":"recipe"/{s/.*"role":"user","content":"\([^"]*\)".*/\1/p;q}' "$work/new/train.jsonl")"
say "让教好的模型凭记忆回答它学过的一问：$question"
"$shishen" --set chat.engine=transformers --set "chat.transformers.path=$work/runs/full-replay" \
  --set chat.transformers.context=none ask "$question"
say "好了：并排的回答在 $work/compare/compare.html"
