// The words of the page about the API.
import { dictionary } from '../shared/text.ts';

export const a = dictionary({
  title: ['程序接口', 'API'],
  what: ['页面能做的，程序都能做：带 Authorization: Bearer 令牌，或用登录会话。列表都用 limit 和 after 翻页；出错一律是 error、zh、en。', 'Whatever pages do, programs can: with Authorization: Bearer and a token, or with a session. Lists are paged by limit and after; errors are error, zh and en everywhere.'],
  find: ['查找地址或说明', 'Find an address or what it does'],
  count: ['{0} / {1} 个', '{0} of {1}'],
  notYours: ['您没有这个权限', 'not yours'],
  required: ['必填', 'required'],
});
