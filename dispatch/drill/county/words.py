# ruff: noqa: SIM905 - word lists read best as running text
"""Word lists of the made-up county: invented combinations of everyday words."""

from typing import Final

TOWN_NAMES: Final = tuple(
    "石桥镇 桃源镇 龙潭镇 白沙镇 双溪镇 枫林镇 青塘镇 观音阁镇 大坪乡 梅坑乡 竹园乡 高岩乡 "
    "清河镇 茶亭镇 水口镇 马鞍乡".split()
)
VILLAGE_HEADS: Final = tuple("上下东西南北大小新老前后中") + tuple(
    "桃 李 竹 松 樟 枫 梅 荷 柏 槐 金 银 石 黄 白 青 乌 龙 凤 鹤 牛 马 莲 茶 橘".split()
)
VILLAGE_TAILS: Final = tuple(
    "源 坪 塘 湾 桥 坑 屋 洲 陂 田 冲 坳 背 溪 岗 山 井 墩 岭 口 家边 树下 园".split()
)
HAMLET_TAILS: Final = tuple("坳 垭 寨 岩 尖 崖 窝 槽 顶 洞 坡 箐".split())
STREET_HEADS: Final = tuple(
    "人民 解放 建设 中山 文昌 滨江 朝阳 和平 团结 胜利 红旗 迎宾 振兴 育才 环山 青云 凤凰 "
    "望江 翠竹 富民 康宁 学府 龙腾 紫荆 香樟 银杏 映月 长青 福寿 锦绣 永安 兴业 宝塔 南湖 "
    "西园 状元 清风 月桂 芙蓉 丹桂 麒麟 玉泉 松涛 荷塘 惠民 安康 德胜 崇文 尚武 春晖 同心 "
    "金穗 丰收 东风 前进 光明 幸福 友谊".split()
)
ALLEY_HEADS: Final = tuple(
    "槐花 油坊 打铁 书院 豆腐 水井 城隍 米市 柴家 染坊 竹器 驿马 石榴 纸坊 铜锣 半边 丁字 "
    "酱园 灯笼 笔架 桂花 双井 梧桐 酒坊 剪子 扁担 棉花 鼓楼 盐仓 磨盘".split()
)
TOWN_STREETS: Final = tuple(
    "兴镇路 老街 农贸街 新街 文化路 桥头街 河堤路 供销街 学堂路 车站路 茶市街 振镇路 "
    "广场路 卫生路".split()
)
COMPOUND_HEADS: Final = tuple(
    "阳光 锦绣 金色 翠湖 江南 名仕 丽景 东方 盛世 龙城 凤凰 香樟 紫金 碧水 御景 和谐 幸福 "
    "荣盛 学府 滨江 金桂 半山 书香 世纪 华庭 天成 明珠 康乐 怡景 祥和".split()
)
COMPOUND_TAILS: Final = tuple("花园 家园 小区 苑 公寓 新村 名邸 华府 雅居".split())
FIRMS: Final = tuple(
    "恒达 宏远 金鑫 永泰 兴隆 瑞丰 华泰 众诚 天和 联创 新茂 嘉禾 正大成 鼎盛 万顺 福源".split()
)
TRADES: Final = tuple(
    "水泥厂 竹木制品厂 食品厂 机械厂 纺织厂 陶瓷厂 电子厂 采石场 茶厂 米业公司 纸品厂 "
    "五金厂 饲料厂 塑料厂".split()
)
SURNAMES: Final = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶"
    "程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛"
)
GIVEN: Final = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红春梅建国志文辉鹏飞斌宇浩凯欣怡佳慧"
    "雪琴珍燕玲云峰海波山松林森鑫子涵梓轩雨晨思远福生根水金发有财招娣"
)
WRONG_NUMBER_TEXTS: Final = (
    "请问这里是自来水公司吗，家里没水了",
    "想问一下宽带断网找谁修",
    "打错了，不好意思",
    "想咨询一下电费怎么算的",
    "我要查一下上个月的电费",
)
OUT_TEXTS: Final = (
    "家里停电了",
    "突然没电了，什么时候来电",
    "整栋楼都没电了",
    "我们这一片都停电了",
    "停电了，麻烦派人看看",
    "跳闸了，一直没有电",
    "没电了，家里有老人",
    "停电半个小时了还没来电",
    "全村都停电了",
    "刚才打雷之后就没电了",
)
AGAIN_TEXTS: Final = (
    "还没来电，到底什么时候修好",
    "之前报过了，现在还是没电",
    "催一下，等了很久了",
)
STILL_OUT_TEXTS: Final = ("隔壁都来电了，我家还是没电", "刚才说修好了，我们这里还是停电")
PLANNED_TEXTS: Final = ("怎么又停电了", "家里没电了，是检修吗", "停电通知没看到，几点来电")
INTERNAL_TEXTS: Final = (
    "只有我一家没电，邻居家都亮着",
    "家里跳闸推不上去",
    "半边屋子没电，灯不亮",
    "空气开关一合就跳",
)
ARREARS_TEXTS: Final = ("家里没电了", "就我家没电，怎么回事", "早上起来发现没电了")
LOW_VOLTAGE_TEXTS: Final = ("电压很低，空调带不动", "灯一闪一闪的", "电饭煲煮不熟饭，电压不够")
HAZARD_TEXTS: Final = {
    "wire_down": "，电线掉到地上了，很危险",
    "fire": "，电线杆上着火了",
    "smoke": "，变压器在冒烟",
}
