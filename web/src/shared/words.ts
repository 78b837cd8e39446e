// Words that more than one page uses.
import { standing } from './states.ts';
import { dictionary, say, type Pair } from './text.ts';

export const t = dictionary({
  account: ['账号', 'Account'],
  password: ['密码', 'Password'],
  signIn: ['登录', 'Sign in'],
  signOut: ['退出登录', 'Sign out'],
  language: ['语言', 'Language'],
  theme: ['外观', 'Appearance'],
  themeAuto: ['跟随系统', 'System'],
  themeLight: ['浅色', 'Light'],
  themeDark: ['深色', 'Dark'],
  myAccount: ['我的账号', 'My account'],
  changePassword: ['修改密码', 'Change password'],
  oldPassword: ['原密码', 'Current password'],
  newPassword: ['新密码', 'New password'],
  atLeastTen: ['至少 10 个字符', 'At least 10 characters'],
  passwordChanged: ['密码已修改', 'The password is changed'],
  save: ['保存', 'Save'],
  cancel: ['取消', 'Cancel'],
  close: ['关闭', 'Close'],
  confirm: ['确定', 'OK'],
  back: ['返回', 'Back'],
  notices: ['提示', 'Notices'],
  more: ['更多', 'More'],
  search: ['查找', 'Search'],
  thisHour: ['本小时', 'This hour'],
  loading: ['正在加载…', 'Loading…'],
  nothing: ['没有记录', 'Nothing here'],
  failed: ['没有成功', 'It did not work'],
  again: ['重试', 'Try again'],
  page: ['第 {0} 页', 'Page {0}'],
  previous: ['上一页', 'Previous'],
  next: ['下一页', 'Next'],
  filter: ['筛选', 'Filter'],
  shortcuts: ['键盘快捷键', 'Keyboard shortcuts'],
  shortcutsOn: ['单键快捷键', 'Single-key shortcuts'],
  shortcutsWhy: ['在输入框里打字时，单键快捷键不起作用。', 'While you type in a field, single keys do nothing.'],
  connected: ['已连接', 'Connected'],
  opening: ['正在连接…', 'Connecting…'],
  lostSince: ['与服务器的连接断开 {0}，正在重连。画面停在断开的那一刻。', 'No connection to the server for {0}; reconnecting. What you see is as it was then.'],
  catching: ['已重新连上，正在补齐…', 'Connected again, catching up…'],
  network: ['连不上服务器', 'The server cannot be reached'],
  accountMenu: ['账号菜单', 'Account menu'],
  skip: ['跳到主要内容', 'Skip to the main content'],
  notForYou: ['这个页面不归你的角色', 'This page is not for your role'],
  goHome: ['去我的首页', 'Go to my page'],
});

// The words of a seat's state, by the class of its colour.
export const stateWord = dictionary({
  ready: ['示闲', 'Ready'],
  talking: ['通话', 'Talking'],
  held: ['保持', 'On hold'],
  ringing: ['振铃', 'Ringing'],
  reserved: ['占用', 'Reserved'],
  wrap: ['话后整理', 'Wrap-up'],
  break: ['小休', 'Break'],
  idle: ['签入', 'Signed in'],
  out: ['签出', 'Signed out'],
  lost: ['掉线', 'Phone lost'],
});

const REASONS: Record<string, Pair> = {
  busy: ['示忙', 'Busy'],
  break: ['小休', 'Break'],
  no_answer: ['久叫不应', 'Did not answer'],
};

/** A seat's state in one word; a break is called by its reason. */
export function seatWord(state: string): string {
  const { is, reason } = standing(state);
  if (is !== 'break') return stateWord(is);
  const known = REASONS[reason];
  return known ? say(known) : reason;
}
