// The words of the audit trail. What is done is said in the server's words; these are the known ones.
import { dictionary, say, type Pair } from '../shared/text.ts';

export const w = dictionary({
  title: ['审计', 'Audit'],
  pages: ['页面', 'Pages'],
  views: ['视图', 'Views'],
  trail: ['审计记录', 'Trail'],
  calls: ['来电记录', 'Calls'],
  plan: ['拨号计划', 'Dialplan'],
  who: ['谁', 'Who'],
  what: ['做了什么', 'What'],
  since: ['从', 'From'],
  any: ['全部', 'All'],
  at: ['时间', 'Time'],
  of: ['对什么', 'Of what'],
  why: ['理由', 'Reason'],
  from: ['从哪里', 'From where'],
  outcome: ['结果', 'Outcome'],
  seq: ['序号', 'No.'],
  socket: ['命令行', 'command line'],
  byWhom: ['为 {0}', 'for {0}'],
  done: ['完成', 'done'],
  refused: ['拒绝', 'refused'],
  failed: ['失败', 'failed'],
  none: ['没有这样的记录', 'No such entries'],
  head: ['链首', 'Head of the chain'],
  headHint: ['每一条都含前一条的散列。把链首抄在别处，日后就能证明之前的记录没有被改动。', 'Each entry holds the hash of the one before. Note the head elsewhere: it proves later that nothing before it was changed.'],
  copy: ['复制链首', 'Copy the head'],
  copied: ['已复制', 'Copied'],
  copyFailed: ['浏览器不让复制，请手工选中', 'The browser does not let it be copied: select it by hand'],
  export: ['导出…', 'Export…'],
  exportNow: ['导出', 'Export'],
  exportWhat: ['导出当前筛选的记录（CSV），带你的账号水印；导出本身也记入审计。', 'Exports the entries that are filtered (CSV), watermarked with your account; the export itself is kept in the trail.'],
  exported: ['已导出 {0}', '{0} is exported'],
});

const DEEDS: Record<string, Pair> = {
  sign_in: ['登录', 'Sign in'],
  sign_out: ['退出', 'Sign out'],
  password: ['修改密码', 'Change password'],
  secrecy: ['保密协议', 'Agreed to secrecy'],
  search: ['查询来电', 'Search of calls'],
  journey: ['看来电记录', 'Record of a call'],
  unmask: ['看完整号码', 'Number shown'],
  recording: ['听录音', 'Recording heard'],
  ladder: ['看信令', 'Signalling seen'],
  audit_export: ['导出审计', 'Trail exported'],
  monitor: ['监听', 'Listen'],
  whisper: ['耳语', 'Whisper'],
  barge: ['强插', 'Barge'],
  takeover: ['接管', 'Take over'],
  hang_up: ['挂断来电', 'Hang up'],
  seat_set: ['设置坐席', 'Seat set'],
  message: ['发消息', 'Message'],
  acknowledge: ['确认告警', 'Alarm acknowledged'],
  account_add: ['新增账号', 'Account added'],
  account_change: ['修改账号', 'Account changed'],
  account_reset: ['重置密码', 'Password reset'],
  account_token: ['生成令牌', 'Token made'],
  account_untoken: ['收回令牌', 'Token withdrawn'],
  audit: ['查看审计', 'Trail read'],
  join: ['首次登录', 'First sign-in'],
  second_factor: ['启用两步验证', 'Second factor taken'],
  second_factor_off: ['停用两步验证', 'Second factor given up'],
  plan_apply: ['计划生效', 'Plan applied'],
  plan_rollback: ['计划回滚', 'Plan rolled back'],
};

// What was refused is said by the right that was wanting.
const RIGHTS: Record<string, Pair> = {
  desk: ['坐席工作台', 'Desk'], phone: ['网页电话', 'Phone in the page'], floor: ['现场', 'Floor'], calls: ['通话', 'Calls'],
  order: ['通话操作', 'Order about a call'], supervise: ['监听、接管', 'Supervise'], seat: ['坐席', 'Seat'], group: ['灾备模式', 'Disaster mode'],
  callbacks: ['待回电', 'Call-backs'], wall: ['大屏', 'Wallboard'], figures: ['统计', 'Figures'], journeys: ['来电记录', 'Records'],
  health: ['运行状况', 'Health'], plan: ['拨号计划', 'Dialplan'], plan_change: ['修改计划', 'Change of the plan'], alarms: ['告警', 'Alarms'],
  accounts: ['账号', 'Accounts'],
};

export const deeds = Object.keys(DEEDS);

export function deedWord(what: string, zh?: string): string {
  const known = DEEDS[what] ?? RIGHTS[what];
  return known ? say(known) : (zh ?? what);
}
