"""Kanji that are written in several ways, folded to one for matching; what is shown is never changed.

Pairs of old and new forms (旧字体, 新字体) and of the common variants of names that NFKC leaves apart: 髙 and 高.
"""

from typing import Final

_PAIRS: Final = """
髙高 﨑崎 嵜崎 碕崎 邊辺 邉辺 齋斎 齊斉 澤沢 濵浜 濱浜 瀨瀬 廣広 國国 圀国 黑黒 靑青 綠緑 黃黄 眞真 藝芸 學学
會会 體体 櫻桜 萬万 壽寿 龍竜 瀧滝 嶋島 嶌島 冨富 圓円 淸清 靜静 德徳 惠恵 應応 實実 寶宝 榮栄 營営 聲声 壓圧
圍囲 爲為 鹽塩 價価 假仮 畫画 壞壊 懷懐 繪絵 擴拡 覺覚 樂楽 勸勧 觀観 歸帰 氣気 舊旧 據拠 擧挙 峽峡 狹狭 曉暁
區区 驅駆 薰薫 徑径 莖茎 輕軽 鷄鶏 劍剣 險険 圈圏 檢検 獻献 縣県 顯顕 驗験 嚴厳 效効 恆恒 號号 雜雑 參参 慘惨
蠶蚕 贊賛 絲糸 齒歯 兒児 辭辞 濕湿 釋釈 從従 澁渋 縱縦 獸獣 處処 緖緒 敍叙 燒焼 奬奨 條条 狀状 乘乗 淨浄 剩剰
疊畳 孃嬢 讓譲 釀醸 觸触 寢寝 愼慎 盡尽 圖図 醉酔 隨随 髓髄 數数 樞枢 竊窃 專専 淺浅 戰戦 踐践 錢銭 潛潜 纖繊
禪禅 雙双 壯壮 搜捜 插挿 爭争 總総 裝装 臟臓 藏蔵 屬属 續続 墮堕 對対 帶帯 滯滞 臺台 單単 團団 彈弾 斷断 遲遅
鑄鋳 廳庁 聽聴 鐵鉄 轉転 傳伝 點点 當当 黨党 燈灯 盜盗 稻稲 讀読 獨独 屆届 繩縄 貳弐 惱悩 腦脳 霸覇 拜拝 廢廃
賣売 麥麦 發発 髮髪 拔抜 蠻蛮 甁瓶 佛仏 竝並 變変 辨弁 瓣弁 辯弁 舖舗 豐豊 沒没 飜翻 每毎 默黙 藥薬 譯訳 豫予
餘余 與与 譽誉 搖揺 樣様 謠謡 來来 賴頼 亂乱 覽覧 兩両 獵猟 壘塁 勵励 禮礼 隸隷 靈霊 齡齢 戀恋 爐炉 勞労 樓楼
祿禄 灣湾 鬪闘 飮飲 鷗鴎 頰頬 麵麺 蠟蝋 劎剣
"""

VARIANTS: Final = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
"""For `str.translate`."""
