//! Clauses of the city's plan (榕政办〔2021〕104号) that diagnostics cite.

pub(super) const NEVER_RESTORED: (&str, &str) =
    ("方案二（一）：已经取消的热线号码不再恢复", "plan, part 2 (1): a cancelled hotline number is never restored");
pub(super) const EMERGENCY: (&str, &str) =
    ("方案一（一）：110、119、120、122 等紧急热线不归并", "plan, part 1 (1): 110, 119, 120 and 122 are never merged");
pub(super) const THREE_MONTHS: (&str, &str) = (
    "方案三（七）：整体并入的，要设置 3 个月过渡期电话语音提示",
    "plan, part 3 (7): merged lines have a voice prompt for a transition of 3 months",
);
pub(super) const ALL_DAY: (&str, &str) = (
    "方案二（二）（三）：保留座席和设分中心的，提供“7×24 小时”全天候人工服务",
    "plan, part 2 (2) and (3): kept seats and sub-centres are staffed 7x24",
);
pub(super) const DEADLINE: (&str, &str) =
    ("方案三（三）：11 月底前完成热线归并工作", "plan, part 3 (3): the merging is finished by the end of November");
pub(super) const POOLED: (&str, &str) = (
    "方案二（二）：取消座席的，由 12345 热线座席统一接听、按责转办",
    "plan, part 2 (2): where seats are cancelled, 12345's seats answer",
);
